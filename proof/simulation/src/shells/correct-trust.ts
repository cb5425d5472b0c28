import type { Flow } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { correctContent } from './trust.ts';

/** A person corrects at Trust what the orders that need attention for it are about, and nothing else. */
export function* correctTrust(world: World): Flow<void> {
  const { tables, other_content } = world;
  for (const { order_id, attention, attention_code } of tables.orders.values()) {
    if (attention_code !== 'trust_differs') continue;
    const ids = [...other_content.keys()].filter((id) => attention?.includes(id));
    for (const id of ids) {
      world.engine.note(`a person sees that ${order_id} needs attention: ${attention}`);
      yield* correctContent(world, id);
    }
  }
}
