import type { NewEvent } from '@cashback/cashback-db';
import { SOURCES, type AmountsBySource } from '@cashback/contract/source';

/** The newest event of each source, as the invariants count it: by nothing of the product. */
export function targetOf(events: readonly NewEvent[], orderId: string): AmountsBySource {
  const target: AmountsBySource = {};
  for (const source of SOURCES) {
    const newest = events.findLast((event) => event.order_id === orderId && event.source === source);
    if (newest !== undefined) target[source] = newest.value;
  }
  return target;
}
