import type { CashbackError } from '@cashback/contract';
import type { CallResult } from '@cashback/service';
import type { BasketsPage, ListedBasket, Refund, RefundsPage } from '@cashback/wire';
import { historyUnknown } from './history-unknown.ts';

/**
 * The baskets of an order that Trust has listed by now. Of their refunds only those that moved money, or may: an order
 * that waits for its wallet for long has thousands of refused ones.
 */
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
export const MAX_PAGES = 2_000;

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
  for (const { basket_id, refunds } of page) {
    const foreign = refunds.find((refund) => refund.basket_id !== basket_id);
    if (foreign !== undefined) return outOfPlace(orderId, foreign);
  }
  const listed = new Set(baskets.map(({ basket_id }) => basket_id));
  for (const { basket_id, order_id } of page) {
    if (order_id !== orderId || listed.has(basket_id)) {
      return historyUnknown(orderId, `Trust listed basket ${basket_id} of order ${order_id} out of place`);
    }
    listed.add(basket_id);
  }
  return bounded(orderId, {
    baskets: [...baskets, ...page.map((basket) => ({ ...basket, refunds: moving(basket.refunds) }))],
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
  const foreign = refunds.find(({ basket_id }) => basket_id !== basketId);
  if (foreign !== undefined) return outOfPlace(orderId, foreign);
  const baskets = listing.baskets.map((basket) =>
    basket.basket_id === basketId
      ? { ...basket, refunds: [...basket.refunds, ...moving(refunds)], next_refund: next }
      : basket,
  );
  return bounded(orderId, { ...listing, baskets, pages: listing.pages + 1 });
}

function bounded(orderId: string, listing: Listing): Listing | CashbackError {
  const repeated = repeatedRefund(listing);
  if (repeated !== null) return outOfPlace(orderId, repeated);
  const goesOn = !listing.is_complete || basketToContinue(listing) !== null;
  if (!goesOn || listing.pages < MAX_PAGES) return listing;
  return historyUnknown(orderId, `Trust lists more than ${MAX_PAGES} pages of it`);
}

function moving(refunds: readonly Refund[]): Refund[] {
  return refunds.filter(({ status }) => status !== 'failed');
}

function outOfPlace(orderId: string, { refund_id, basket_id }: Refund): CashbackError {
  return historyUnknown(orderId, `Trust listed refund ${refund_id} of basket ${basket_id} out of place`);
}

function repeatedRefund({ baskets }: Listing): Refund | null {
  const listed = new Set<string>();
  for (const { refunds } of baskets) {
    for (const refund of refunds) {
      if (listed.has(refund.refund_id)) return refund;
      listed.add(refund.refund_id);
    }
  }
  return null;
}
