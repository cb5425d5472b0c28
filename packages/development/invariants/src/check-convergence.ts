import { sumDifferencesStatement } from '@cashback/cashback-db';
import type { Violation } from './invariants.ts';
import { runChecks } from './run-checks.ts';
import type { RunTables } from './run-tables.ts';

const DIFFERENCES = `
  SELECT order_id, source, sum(difference) AS difference
    FROM (SELECT * FROM (SELECT DISTINCT ON (order_id, source) order_id, source, value AS difference
                           FROM cashback.events ORDER BY order_id, source, revision DESC) newest
          UNION ALL
          SELECT order_id, r.source, -r.amount::numeric
            FROM cashback.order_clears, jsonb_to_recordset(rewarded) AS r(source text, amount text)) amounts
   GROUP BY order_id, source`;

// The product's own query reads only the orders that are not settled. Here it stands beside a scan of all orders, in one
// statement, so that both are of one snapshot.
const SUMS = `
  WITH parts AS (${sumDifferencesStatement.text}), orders AS (${DIFFERENCES})
  SELECT '' AS order_id, format('%s %s, %s: sum of targets - sum of rewarded is %s, the sum of the parts %s',
           service, currency, source, coalesce(whole.difference, 0), coalesce(summed.difference, 0)) AS detail
    FROM (SELECT service, currency, source, sum(difference) AS difference
            FROM orders JOIN cashback.order_clears USING (order_id) GROUP BY service, currency, source) whole
    FULL JOIN (SELECT service, currency, source, sum(difference::numeric) / 10000 AS difference
                 FROM parts WHERE source IS NOT NULL GROUP BY service, currency, source) summed
      USING (service, currency, source)
   WHERE coalesce(whole.difference, 0) <> coalesce(summed.difference, 0)`;

const SETTLED = `
  SELECT order_id, format('settled, and %s differs from its target by %s', source, difference) AS detail
    FROM (${DIFFERENCES}) differing JOIN cashback.order_clears USING (order_id)
   WHERE order_id LIKE $1 AND difference <> 0 AND settled_revision = revision AND attention IS NULL`;

/**
 * Invariant 14, which holds in every snapshot, also under load: over all orders of the database, what their targets and
 * rewarded differ by is the sum of the parts that the server reports.
 */
export async function checkConvergence(tables: RunTables): Promise<Violation[]> {
  const [{ rows }, settled] = await Promise.all([
    tables.sql.query<{ order_id: string; detail: string }>(SUMS, [null]),
    runChecks(tables, [{ invariant: 14, query: SETTLED }]),
  ]);
  return [...rows.map((row): Violation => ({ invariant: 14, ...row })), ...settled];
}
