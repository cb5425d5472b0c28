import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { chargeOrder, loadCharge } from './charge-order.ts';
import { LEASE_MS, makeDue } from './plan-poll.ts';

/** Claims an order that is due and looks at it; at one that has the operation open it only looks. */
export function* pollOrder(world: World, orderId: string, operationId: string | null): Flow<void> {
  const seen = yield* atomically(`claim ${orderId}`, () => {
    const { engine, tables } = world;
    const row = tables.orders.get(orderId);
    if (row === undefined) return null;
    const isDue = row.poll_at !== null && row.poll_at <= engine.now();
    const isWanted = operationId !== null && row.operation_id === operationId;
    if (!isDue && !isWanted) return null;
    if (!isWanted) makeDue(world, row, engine.now() + LEASE_MS);
    return loadCharge(world, orderId).order;
  });
  if (seen !== null) yield* chargeOrder(world, seen);
}
