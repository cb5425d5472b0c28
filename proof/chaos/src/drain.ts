import { settle } from '@cashback/scenario';
import type { RunTables } from '@cashback/invariants';

const TIMEOUT_MS = 30_000;

export interface Drained {
  unsettled: { order_id: string; detail: string }[];
}

/**
 * Waits until every order is settled. Nobody resumes an order: every fault of chaos passes, so an order that needs
 * attention leaves it by itself, or is left unsettled (invariant 17).
 */
export async function drain(
  runs: readonly RunTables[],
  { signal }: { signal: AbortSignal },
): Promise<Drained> {
  const unsettled: Drained['unsettled'] = [];
  for (const tables of runs) {
    const left = await settle(tables, { signal, progress: () => {}, timeout_ms: TIMEOUT_MS });
    unsettled.push(...left.examples);
    if (left.wallets > 0) {
      unsettled.push({
        order_id: `${tables.run}-wallet-*`,
        detail: `${left.wallets} wallets are not cached or not pushed`,
      });
    }
  }
  return { unsettled };
}
