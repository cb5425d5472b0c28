import { type Flow, atomically, call } from '../engine/flow.ts';
import { updateRow } from '../rows.ts';
import type { World } from '../world.ts';

/** A person lists the held orders and releases each at the revision that was listed. */
export function* releaseHeld(world: World): Flow<void> {
  const { tables, decisions } = world;
  const held = [...tables.orders.values()].filter((row) => decisions.server.holdOf(row) !== null);
  for (const { order_id, revision } of held) {
    yield* call('server', `release revision ${revision} of ${order_id}`, () =>
      release(world, order_id, revision),
    );
  }
}

/** `breaker.release` */
function* release(world: World, orderId: string, revision: number): Flow<true> {
  const { engine, tables, charges, decisions } = world;
  const { decideRelease, holdStateOf, releasedRow } = decisions.server;
  return yield* atomically(`release ${orderId}`, () => {
    const row = tables.orders.get(orderId) ?? null;
    const outcome = decideRelease(row && holdStateOf(row), revision);
    engine.note(`server: revision ${revision} of ${orderId}: ${outcome}`);
    if (row === null || outcome !== 'released') return true;
    updateRow(tables.orders, orderId, releasedRow(row, engine.now()));
    const { key, payload } = decisions.database.chargeJob(orderId);
    charges.enqueue(key, payload.order_id);
    return true;
  });
}
