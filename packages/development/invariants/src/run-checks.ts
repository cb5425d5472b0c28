import type { InvariantNumber, Violation } from './invariants.ts';
import { type RunTables, selectOfRun } from './run-tables.ts';

/** A query that returns the contradictions of its invariant: `order_id` and `detail`. */
interface Check {
  invariant: InvariantNumber;
  query: string;
}

export async function runChecks(tables: RunTables, checks: readonly Check[]): Promise<Violation[]> {
  const violations = await Promise.all(
    checks.map(async ({ invariant, query }) => {
      const rows = await selectOfRun<{ order_id: string; detail: string }>(tables, query);
      return rows.map(({ order_id, detail }): Violation => ({ invariant, order_id, detail }));
    }),
  );
  return violations.flat();
}
