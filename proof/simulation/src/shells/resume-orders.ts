import { type Flow, atomically, call } from '../engine/flow.ts';
import { updateRow } from '../rows.ts';
import type { World } from '../world.ts';
import { applyTimes } from './apply-writes.ts';

/** A person resumes each order that something else keeps changing. */
export function* resumeOrders(world: World): Flow<void> {
  for (const { order_id, attention_code } of world.tables.orders.values()) {
    if (attention_code !== 'foreign_writer') continue;
    yield* call('server', `resume ${order_id}`, () => resume(world, order_id));
  }
}

/** `attention.resume` */
function* resume(world: World, orderId: string): Flow<true> {
  const { engine, tables, decisions, seen } = world;
  return yield* atomically(`resume ${orderId}`, () => {
    const stored = tables.orders.get(orderId);
    if (stored === undefined) return true;
    const row = decisions.server.resumedRow(stored, { by_person: true }, engine.now());
    if (row === null) return true;
    engine.note(`server: ${orderId} is resumed`);
    updateRow(tables.orders, orderId, row);
    applyTimes(world, row, decisions.worker.dueTimes(row, 'resume', engine.now()));
    seen.heals.delete(orderId);
    return true;
  });
}
