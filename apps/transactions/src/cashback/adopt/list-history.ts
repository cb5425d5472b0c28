import { CashbackError } from '@cashback/contract';
import { type HttpClient, resultOfCall } from '@cashback/service';
import { type ListedBasket, basketsPage, refundsPage } from '@cashback/wire';
import {
  LISTING_PAGE,
  type Listing,
  NOTHING_LISTED,
  basketToContinue,
  withPage,
  withRefunds,
} from './listing.ts';

/** All baskets that Trust has of an order, oldest first, with all their refunds. Throws `HISTORY_UNKNOWN`. */
export async function listHistory(trust: HttpClient, orderId: string): Promise<readonly ListedBasket[]> {
  let listing: Listing = NOTHING_LISTED;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each page starts where the last one ends
    const next = await nextPage(trust, orderId, listing);
    if (next === null) return listing.baskets;
    if (next instanceof CashbackError) throw next;
    listing = next;
  }
}

/** First the pages of baskets, then those of their refunds; null: all are listed. */
async function nextPage(
  trust: HttpClient,
  orderId: string,
  listing: Listing,
): Promise<Listing | CashbackError | null> {
  const limit = String(LISTING_PAGE);
  if (!listing.is_complete) {
    const query = new URLSearchParams({ order_id: orderId, limit });
    if (listing.after !== null) query.set('after', listing.after);
    const page = await resultOfCall(trust.get(`/baskets?${query.toString()}`, basketsPage));
    return withPage(orderId, listing, page);
  }
  const open = basketToContinue(listing);
  if (open === null) return null;
  const query = new URLSearchParams({ ...open, limit });
  const page = await resultOfCall(trust.get(`/refunds?${query.toString()}`, refundsPage));
  return withRefunds(orderId, listing, open.basket_id, page);
}
