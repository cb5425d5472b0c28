import type { OrderRow } from '../tables.ts';
import { senderOf } from '../sender-of.ts';
import type { World } from '../world.ts';

/** At most this long until a due poll is found. */
const PICK_UP_MS = [0, 10, 1_000, 10_000];
const TURN_MS = 1_000;

/** The worker's loop, for one order: it runs once its time has passed, again and again as long as it is due. */
export function armPoll(world: World, { order_id, poll_at }: OrderRow): void {
  if (poll_at === null) return;
  const { engine, tables } = world;
  const most_ms = PICK_UP_MS[engine.choices.below(PICK_UP_MS.length)] ?? 0;
  const pick_up_ms = most_ms === 0 ? 0 : engine.choices.below(most_ms + 1);
  const turn = (): void => {
    const due = tables.orders.get(order_id)?.poll_at ?? null;
    if (due === null || due > engine.now()) return;
    const worker = senderOf(world, 'worker');
    const down_ms = engine.downMs(worker);
    if (down_ms > 0) return engine.after(down_ms, turn);
    engine.spawn(worker, `poll ${order_id}`, world.poll(order_id, false));
    engine.after(TURN_MS, turn);
  };
  engine.after(poll_at - engine.now() + pick_up_ms, turn);
}
