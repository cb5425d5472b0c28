import { type Flow, atomically, call } from '../engine/flow.ts';
import { rowOf, updateRow } from '../rows.ts';
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
  const { holdStateOf, planReleases, releasedRow } = decisions.server;
  return yield* atomically(`release ${orderId}`, () => {
    const row = tables.orders.get(orderId);
    const holds = row === undefined ? [] : [holdStateOf(row)];
    const { released, jobs, answer } = planReleases([{ order_id: orderId, revision }], holds);
    for (const { order_id, outcome } of answer.orders) {
      engine.note(`server: revision ${revision} of ${order_id}: ${outcome}`);
    }
    for (const order_id of released) {
      updateRow(tables.orders, order_id, releasedRow(rowOf(tables.orders, order_id), engine.now()));
    }
    for (const { key, payload } of jobs) charges.enqueue(key, payload.order_id);
    return true;
  });
}
