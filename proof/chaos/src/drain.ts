import { settle } from '@cashback/scenario';
import type { World } from '@cashback/invariants';

const TIMEOUT_MS = 30_000;

export interface Drained {
  unsettled: { order_id: string; detail: string }[];
}

/**
 * Waits until every order is settled. Nobody resumes an order: every fault of chaos passes, so an order that needs
 * attention leaves it by itself, or is left unsettled (invariant 17).
 */
export async function drain(worlds: readonly World[], { signal }: { signal: AbortSignal }): Promise<Drained> {
  const unsettled: Drained['unsettled'] = [];
  for (const world of worlds) {
    const left = await settle(world, { signal, progress: () => {}, timeout_ms: TIMEOUT_MS });
    unsettled.push(...left.examples);
    if (left.wallets > 0) {
      unsettled.push({
        order_id: `${world.run}-wallet-*`,
        detail: `${left.wallets} wallets are not cached or not pushed`,
      });
    }
  }
  return { unsettled };
}
