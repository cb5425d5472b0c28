import type { CashbackError } from '@cashback/contract';
import type { CallResult } from '@cashback/service';
import type { BasketsPage, ListedBasket, Refund, RefundsPage } from '@cashback/wire';
import { historyUnknown } from './history-unknown.ts';

/** The baskets of an order that Trust has listed by now. */
export interface Listing {
  baskets: readonly ListedBasket[];
  /** Of baskets and of refunds. */
  pages: number;
  /** Where the next page begins; null: at the first one, or nowhere once it is complete. */
  after: string | null;
  /** All baskets are listed; some may have refunds that are not. */
  is_complete: boolean;
}

export const NOTHING_LISTED: Listing = { baskets: [], pages: 0, after: null, is_complete: false };

export const LISTING_PAGE = 100;
const MAX_PAGES = 50;

/** The listing with one page more, or `HISTORY_UNKNOWN`: a part of it would be taken for less than Trust has. */
export function withPage(
  orderId: string,
  { baskets, pages }: Listing,
  result: CallResult<BasketsPage>,
): Listing | CashbackError {
  if ('error' in result) {
    return historyUnknown(orderId, `Trust cannot list its baskets: ${result.error.message}`);
  }
  const { baskets: page, next } = result.body;
  const listed = new Set(baskets.map(({ basket_id }) => basket_id));
  for (const { basket_id, order_id } of page) {
    if (order_id !== orderId || listed.has(basket_id)) {
      return historyUnknown(orderId, `Trust listed basket ${basket_id} of order ${order_id} out of place`);
    }
    listed.add(basket_id);
  }
  return bounded(orderId, {
    baskets: [...baskets, ...page],
    pages: pages + 1,
    after: next,
    is_complete: next === null,
  });
}

/** The first basket with refunds that are not listed yet; null: there is none. */
export function basketToContinue({ baskets }: Listing): { basket_id: string; after: string } | null {
  for (const { basket_id, next_refund = null } of baskets) {
    if (next_refund !== null) return { basket_id, after: next_refund };
  }
  return null;
}

/** The listing with one page more of a basket's refunds. */
export function withRefunds(
  orderId: string,
  listing: Listing,
  basketId: string,
  result: CallResult<RefundsPage>,
): Listing | CashbackError {
  if ('error' in result) {
    return historyUnknown(orderId, `Trust cannot list its refunds: ${result.error.message}`);
  }
  const { refunds, next } = result.body;
  const baskets = listing.baskets.map((basket) =>
    basket.basket_id === basketId
      ? { ...basket, refunds: [...basket.refunds, ...refunds], next_refund: next }
      : basket,
  );
  return bounded(orderId, { ...listing, baskets, pages: listing.pages + 1 });
}

function bounded(orderId: string, listing: Listing): Listing | CashbackError {
  const misplaced = misplacedRefund(listing);
  if (misplaced !== null) {
    const { refund_id, basket_id } = misplaced;
    return historyUnknown(orderId, `Trust listed refund ${refund_id} of basket ${basket_id} out of place`);
  }
  const goesOn = !listing.is_complete || basketToContinue(listing) !== null;
  if (!goesOn || listing.pages < MAX_PAGES) return listing;
  return historyUnknown(orderId, `Trust lists more than ${MAX_PAGES} pages of it`);
}

function misplacedRefund({ baskets }: Listing): Refund | null {
  const listed = new Set<string>();
  for (const { basket_id, refunds } of baskets) {
    for (const refund of refunds) {
      if (refund.basket_id !== basket_id || listed.has(refund.refund_id)) return refund;
      listed.add(refund.refund_id);
    }
  }
  return null;
}
