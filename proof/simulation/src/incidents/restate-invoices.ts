import type { Flow } from '../engine/flow.ts';
import { state } from '../shells/transactions/change-invoice.ts';
import type { World } from '../world.ts';

const AMOUNTS = ['30', '50', '100'];

/**
 * After a restore of transactions the shop states what it has captured, so versions are given again with other content, or
 * leaves the invoice as the backup has it. After one of Trust it captures something else, or nothing.
 */
export function* restateInvoices(world: World): Flow<void> {
  const { engine, tables } = world;
  for (const story of world.stories) {
    const { order_id } = story;
    const { version = 0 } = tables.invoices.get(order_id) ?? {};
    const amount = AMOUNTS[engine.choices.below(AMOUNTS.length)] ?? '';
    if (version > 0 && engine.choices.below(2) === 0) continue;
    engine.note(`the shop states ${amount} of ${order_id} again`);
    yield* state(world, story, version, amount);
  }
}
