import { setTimeout as sleep } from 'node:timers/promises';
import { type RunTables, selectOfRun } from '@cashback/invariants';

const EVERY_MS = 500;

export interface NeedsAttention {
  order_id: string;
  detail: string;
}

export interface AttentionWatch {
  /** Ends the watch. `seen`: how many orders needed attention at some time; `left`: those that still do. */
  stop(): Promise<{ seen: number; left: NeedsAttention[] }>;
}

/**
 * Invariant 17: every fault of chaos passes, so in the end no order needs attention, and nobody resumed one. Orders are
 * watched under load as well, because a run in which none ever needed attention shows nothing.
 */
export function watchAttention(runs: readonly RunTables[]): AttentionWatch {
  const stopping = new AbortController();
  const seen = new Set<string>();
  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A fault of Postgres is no answer. The next turn reads again.
      const found = await readAttention(runs).catch(() => []);
      for (const { order_id } of found) seen.add(order_id);
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
  const ended = watch();
  return {
    async stop() {
      stopping.abort();
      await ended;
      return { seen: seen.size, left: await readAttention(runs) };
    },
  };
}

async function readAttention(runs: readonly RunTables[]): Promise<NeedsAttention[]> {
  const found = await Promise.all(
    runs.map((tables) =>
      selectOfRun<NeedsAttention>(
        tables,
        `SELECT order_id, concat_ws(': ', 'worker', attention_code, attention) AS detail
           FROM cashback.order_clears WHERE order_id LIKE $1 AND attention IS NOT NULL
         UNION ALL
         SELECT order_id, 'processing: ' || attention
           FROM processing.invoice_changes WHERE order_id LIKE $1 AND attention IS NOT NULL`,
      ),
    ),
  );
  return found.flat();
}
