import type { AmountsBySource } from '@cashback/contract/source';
import type { World } from '../world.ts';

/** An order's target, as statements find it in its events. */
export function loadTarget({ tables, decisions }: World, orderId: string): AmountsBySource {
  const events = tables.events.filter(({ order_id }) => order_id === orderId);
  return Object.fromEntries(
    decisions.database.newestEvents(events).map(({ source, value }) => [source, value]),
  );
}
