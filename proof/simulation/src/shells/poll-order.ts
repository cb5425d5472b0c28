import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';
import { LEASE_MS, loadOrder, reconcileOrder } from './reconcile-order.ts';

/** Claims an order that is due, or that a callback is about, and reconciles it. */
export function* pollOrder(world: World, orderId: string, isRequested: boolean): Flow<void> {
  const { engine, tables, decisions } = world;
  const { claimedTimes, pollTrigger, requestedTimes } = decisions.worker;
  const seen = yield* atomically(`claim ${orderId}`, () => {
    const row = tables.orders.get(orderId);
    if (row === undefined) return null;
    const rule = isRequested ? requestedTimes : claimedTimes;
    const times = rule(row, LEASE_MS, engine.now());
    return applyTimes(world, row, times) ? loadOrder(world, orderId) : null;
  });
  if (seen !== null) yield* reconcileOrder(world, seen, isRequested ? 'callback' : pollTrigger(seen));
}
