import { type Flow, sleep } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { FOREIGN, takeBack } from './foreign-writer.ts';

const EVERY_MS = 5_000;
/** Longer than the distance of audits. */
const MOST_TRIES = 60;
/** Of one revision: more than an order is healed in a day. */
const LEAST_WRITES = 4;
const MORE_WRITES = 3;

/** Something else takes back what a settled order's invoice carries, again each time once the order has settled. */
export function* keepWriting(world: World, orderId: string): Flow<void> {
  const { tables, engine } = world;
  const most = LEAST_WRITES + engine.choices.below(MORE_WRITES);
  let [writes, written, revision] = [0, 0, 0];
  for (let tries = 0; tries < MOST_TRIES && writes < most; tries += 1) {
    yield* sleep(EVERY_MS);
    const order = tables.orders.get(orderId);
    if (order === undefined || order.settled_revision !== order.revision || order.rewarded.length === 0)
      continue;
    if (order.revision !== revision) [writes, revision] = [0, order.revision];
    const operation_id = `${FOREIGN}${orderId}-${written + 1}`;
    yield* takeBack(world, orderId, operation_id);
    if (!tables.cashback_operations.has(operation_id)) continue;
    [writes, written, tries] = [writes + 1, written + 1, 0];
  }
}
