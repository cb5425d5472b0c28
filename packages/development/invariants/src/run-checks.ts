import type { InvariantNumber, Violation } from './invariants.ts';
import { type World, selectOfRun } from './world.ts';

/** A query that returns the contradictions of its invariant: `order_id` and `detail`. */
interface Check {
  invariant: InvariantNumber;
  query: string;
}

export async function runChecks(world: World, checks: readonly Check[]): Promise<Violation[]> {
  const violations = await Promise.all(
    checks.map(async ({ invariant, query }) => {
      const rows = await selectOfRun<{ order_id: string; detail: string }>(world, query);
      return rows.map(({ order_id, detail }): Violation => ({ invariant, order_id, detail }));
    }),
  );
  return violations.flat();
}
