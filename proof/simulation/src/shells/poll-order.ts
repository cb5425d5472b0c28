import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';
import { LEASE_MS, loadCharge, reconcileOrder } from './reconcile-order.ts';

/** Claims an order that is due, or that has the requested operation open, and reconciles it. */
export function* pollOrder(world: World, orderId: string, operationId: string | null): Flow<void> {
  const { engine, tables, decisions } = world;
  const seen = yield* atomically(`claim ${orderId}`, () => {
    const row = tables.orders.get(orderId);
    if (row === undefined) return null;
    const { requestedTimes, claimedTimes } = decisions.worker;
    const request = operationId === null ? null : { order_id: orderId, operation_id: operationId };
    const requested = request && requestedTimes(row, request, LEASE_MS, engine.now());
    const times = requested ?? claimedTimes(row, LEASE_MS, engine.now());
    return applyTimes(world, row, times) ? loadCharge(world, orderId).order : null;
  });
  if (seen !== null) yield* reconcileOrder(world, seen);
}
