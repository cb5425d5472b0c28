import type { Violation } from './invariants.ts';
import { type RunTables, selectOfRun } from './run-tables.ts';

/** Longer than the sweeper's grace and one turn of it. */
const SWEPT_WITHIN_MS = 300_000;

/** Invariant 11: an unsettled order has a job, is not overdue for the sweeper yet, or needs attention for a stated reason. */
export async function checkQueue(tables: RunTables): Promise<Violation[]> {
  const rows = await selectOfRun<{ order_id: string; detail: string }>(
    tables,
    `SELECT order_id, format('revision %s, settled %s, no job, due since %s', revision, settled_revision, next_charge_at) AS detail
       FROM cashback.order_clears o
      WHERE order_id LIKE $1 AND settled_revision < revision AND attention IS NULL
        AND next_charge_at < now() - ${tables.sweep_within_ms ?? SWEPT_WITHIN_MS} * interval '1 millisecond'
        AND NOT EXISTS (SELECT FROM cashback_jobs.job j
                         WHERE j.singleton_key = o.order_id AND j.state IN ('created', 'retry', 'active'))`,
  );
  return rows.map(({ order_id, detail }) => ({ invariant: 11, order_id, detail }));
}
