import { setTimeout as sleep } from 'node:timers/promises';
import { type RunTables, selectOfRun } from '@cashback/invariants';

const EVERY_MS = 500;

export interface AttentionWatch {
  /** Ends the watch. Resolves with how many orders needed attention at some time. */
  stop(): Promise<number>;
}

/**
 * Counts the orders that need attention under load. A run in which none ever did shows nothing about invariant 17, by which
 * none does in the end.
 */
export function watchAttention(runs: readonly RunTables[]): AttentionWatch {
  const stopping = new AbortController();
  const seen = new Set<string>();
  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A fault of Postgres is no answer. The next turn reads again.
      for (const orderId of await readAttention(runs).catch(() => [])) seen.add(orderId);
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
  const ended = watch();
  return {
    async stop() {
      stopping.abort();
      await ended;
      return seen.size;
    },
  };
}

async function readAttention(runs: readonly RunTables[]): Promise<string[]> {
  const found = await Promise.all(
    runs.map((tables) =>
      selectOfRun<{ order_id: string }>(
        tables,
        `SELECT order_id FROM cashback.order_clears WHERE order_id LIKE $1 AND attention IS NOT NULL
         UNION ALL
         SELECT order_id FROM processing.invoice_changes WHERE order_id LIKE $1 AND attention IS NOT NULL`,
      ),
    ),
  );
  return found.flat().map(({ order_id }) => order_id);
}
