import { type FrontDoor, settle } from '@cashback/scenario';
import type { World } from '@cashback/invariants';
import { giveAttention } from './give-attention.ts';

const ATTENTION_ROUNDS = 5;
const PATIENCE_MS = 30_000;

export interface Drained {
  unsettled: { order_id: string; detail: string }[];
  /** Orders that were given the attention that they needed. */
  given: number;
}

/** Waits until all is settled. What needs a person's attention gets it, as often as faults may have brought it about. */
export async function drain(
  worlds: readonly World[],
  door: FrontDoor,
  { signal }: { signal: AbortSignal },
): Promise<Drained> {
  let given = 0;
  for (let round = 1; ; round += 1) {
    const unsettled: Drained['unsettled'] = [];
    let resumed = 0;
    for (const world of worlds) {
      const left = await settle(world, { signal, look: () => {}, patience_ms: PATIENCE_MS });
      unsettled.push(...left.examples);
      if (left.wallets > 0) {
        unsettled.push({
          order_id: `${world.run}-wallet-*`,
          detail: `${left.wallets} wallets are not cached or not pushed`,
        });
      }
      if (left.orders > 0) resumed += await giveAttention(world, door);
    }
    given += resumed;
    if (unsettled.length === 0 || resumed === 0 || round > ATTENTION_ROUNDS) return { unsettled, given };
  }
}
