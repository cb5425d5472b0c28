import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';

/** Nobody else takes an order that is looked at for so long. */
export const LEASE_MS = 30_000;
/** At most so long until a poll that is due is found. */
const PICK_UP_MS = [0, 10, 1_000, 10_000];
const TURN_MS = 1_000;

/** When the order is to be looked at again by itself; null: when a job or a callback comes. */
export function setPoll(world: World, row: OrderRow, in_ms: number | null): void {
  const now = world.engine.now();
  row.next_charge_at = now + (in_ms ?? 0);
  if (in_ms === null) row.poll_at = null;
  else makeDue(world, row, now + in_ms);
}

/** The same, without a word of when the order counts as forgotten. */
export function makeDue(world: World, row: OrderRow, at: number): void {
  const { engine, tables } = world;
  row.poll_at = at;
  const most_ms = PICK_UP_MS[engine.choices.below(PICK_UP_MS.length)] ?? 0;
  const pick_up_ms = most_ms === 0 ? 0 : engine.choices.below(most_ms + 1);
  const turn = (): void => {
    const due = tables.orders.get(row.order_id)?.poll_at ?? null;
    if (due === null || due > engine.now()) return;
    engine.spawn('worker', `poll ${row.order_id}`, world.poll(row.order_id, null));
    engine.after(TURN_MS, turn);
  };
  engine.after(at - engine.now() + pick_up_ms, turn);
}

/** An order whose job is given up is looked at again, unless it comes to rest or is polled before. */
export function leasePoll(world: World, orderId: string): void {
  const { engine, tables } = world;
  const row = tables.orders.get(orderId);
  if (row === undefined || row.poll_at !== null) return;
  const { operation_id, settled_revision, revision, attention } = row;
  if (operation_id === null && (settled_revision === revision || attention !== null)) return;
  makeDue(world, row, engine.now() + LEASE_MS);
}
