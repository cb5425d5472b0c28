import { CashbackError } from '@cashback/contract';
import { type HttpClient, resultOfCall } from '@cashback/service';
import { type ListedBasket, basketsPage } from '@cashback/wire';
import { LISTING_PAGE, type Listing, NOTHING_LISTED, withPage } from './listing.ts';

/** All baskets that Trust has of an order, oldest first, with their refunds. Throws `HISTORY_UNKNOWN`. */
export async function listHistory(trust: HttpClient, orderId: string): Promise<readonly ListedBasket[]> {
  let listing: Listing = NOTHING_LISTED;
  while (!listing.is_complete) {
    const query = new URLSearchParams({ order_id: orderId, limit: String(LISTING_PAGE) });
    if (listing.after !== null) query.set('after', listing.after);
    // oxlint-disable-next-line no-await-in-loop -- each page starts where the last one ends
    const page = await resultOfCall(trust.get(`/baskets?${query.toString()}`, basketsPage));
    const next = withPage(orderId, listing, page);
    if (next instanceof CashbackError) throw next;
    listing = next;
  }
  return listing.baskets;
}
