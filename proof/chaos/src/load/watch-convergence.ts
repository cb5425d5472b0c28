import { type Violation, type RunTables, checkConvergence } from '@cashback/invariants';
import { repeatUntilStopped } from './repeat-until-stopped.ts';

export interface ConvergenceWatch {
  /** Ends the watch; what it found, each problem once. */
  stop(): Promise<{ snapshots: number; violations: Violation[] }>;
}

/** Checks invariant 14 in one snapshot after another, while orders are played and faults happen. */
export function watchConvergence(tables: RunTables): ConvergenceWatch {
  const found = new Map<string, Violation>();
  let snapshots = 0;
  const stop = repeatUntilStopped(async () => {
    const violations = await checkConvergence(tables);
    snapshots += 1;
    for (const violation of violations) found.set(violation.detail, violation);
  });
  return {
    async stop() {
      await stop();
      return { snapshots, violations: [...found.values()] };
    },
  };
}
