import type { CashbackError } from '@cashback/contract';
import type { CallResult } from '@cashback/service';
import type { BasketsPage, ListedBasket } from '@cashback/wire';
import { historyUnknown } from './history-unknown.ts';

/** The baskets of an order that Trust has listed by now. */
export interface Listing {
  baskets: readonly ListedBasket[];
  pages: number;
  /** Where the next page begins; null: at the first one, or nowhere once it is complete. */
  after: string | null;
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
  if (next !== null && pages + 1 === MAX_PAGES) {
    return historyUnknown(orderId, `Trust lists more than ${MAX_PAGES * LISTING_PAGE} baskets`);
  }
  return { baskets: [...baskets, ...page], pages: pages + 1, after: next, is_complete: next === null };
}
