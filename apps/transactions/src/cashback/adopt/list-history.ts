import { type HttpClient, resultOfCall } from '@cashback/service';
import { type ListedBasket, basketsPage } from '@cashback/wire';
import { historyUnknown } from './history-unknown.ts';

const PAGE = 100;
const MAX_PAGES = 50;

/** All baskets that Trust has of an order, oldest first, with their refunds. Throws `HISTORY_UNKNOWN`. */
export async function listHistory(trust: HttpClient, orderId: string): Promise<ListedBasket[]> {
  const baskets = new Map<string, ListedBasket>();
  let after: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ order_id: orderId, limit: String(PAGE) });
    if (after !== null) query.set('after', after);
    // oxlint-disable-next-line no-await-in-loop -- each page starts where the last one ends
    const result = await resultOfCall(trust.get(`/baskets?${query.toString()}`, basketsPage));
    if ('error' in result) {
      throw historyUnknown(orderId, `Trust cannot list its baskets: ${result.error.message}`);
    }
    for (const basket of result.body.baskets) {
      const { basket_id, order_id } = basket;
      if (order_id !== orderId || baskets.has(basket_id)) {
        throw historyUnknown(orderId, `Trust listed basket ${basket_id} of order ${order_id} out of place`);
      }
      baskets.set(basket_id, basket);
    }
    after = result.body.next;
    if (after === null) return [...baskets.values()];
  }
  throw historyUnknown(orderId, `Trust lists more than ${MAX_PAGES * PAGE} baskets`);
}
