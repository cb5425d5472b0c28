import { type RunTables, selectOfRun } from '@cashback/invariants';
import { repeatUntilStopped } from './repeat-until-stopped.ts';

export interface AttentionWatch {
  /** Ends the watch. Resolves with how many orders needed attention at some time. */
  stop(): Promise<number>;
}

/**
 * Counts the orders that need attention under load. A run in which none ever did shows nothing about invariant 17, by which
 * none does in the end.
 */
export function watchAttention(runs: readonly RunTables[]): AttentionWatch {
  const seen = new Set<string>();
  const stop = repeatUntilStopped(async () => {
    for (const orderId of await readAttention(runs)) seen.add(orderId);
  });
  return {
    async stop() {
      await stop();
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
