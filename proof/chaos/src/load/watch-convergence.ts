import { setTimeout as sleep } from 'node:timers/promises';
import { type Violation, type RunTables, checkConvergence } from '@cashback/invariants';

const EVERY_MS = 500;

export interface ConvergenceWatch {
  /** Ends the watch; what it found, each problem once. */
  stop(): Promise<{ snapshots: number; violations: Violation[] }>;
}

/** Checks invariant 14 in one snapshot after another, while orders are played and faults happen. */
export function watchConvergence(tables: RunTables): ConvergenceWatch {
  const stopping = new AbortController();
  const found = new Map<string, Violation>();
  let snapshots = 0;
  async function watch(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A fault of Postgres is no answer. The next turn reads again.
      const violations = await checkConvergence(tables).catch(() => null);
      if (violations !== null) snapshots += 1;
      for (const violation of violations ?? []) found.set(violation.detail, violation);
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
  const ended = watch();
  return {
    async stop() {
      stopping.abort();
      await ended;
      return { snapshots, violations: [...found.values()] };
    },
  };
}
