import type { Violation } from './invariants.ts';
import { runChecks } from './run-checks.ts';
import type { RunTables } from './run-tables.ts';

/** Invariants 5, 6 and 7: each query returns the rows that contradict it. */
export function checkOperations(tables: RunTables): Promise<Violation[]> {
  return runChecks(tables, CHECKS);
}

/** `[{ source, amount }]` in any order, zeros left out, as one comparable value. */
const rewardOf = (column: string) => `
  (SELECT coalesce(jsonb_object_agg(r.source, r.amount::numeric(16,4)), '{}')
     FROM jsonb_to_recordset(${column}) AS r(source text, amount text) WHERE r.amount::numeric <> 0)`;

const CHECKS = [
  {
    invariant: 5,
    query: `
      SELECT order_id, format('%s operations of ours without an outcome', count(*)) AS detail
        FROM cashback.operations LEFT JOIN cashback.operation_outcomes c USING (order_id, operation_id)
       WHERE order_id LIKE $1 AND c.order_id IS NULL GROUP BY order_id HAVING count(*) > 1
      UNION ALL
      SELECT o.order_id, format('operation %s has no outcome, and is not the open one', o.operation_id)
        FROM cashback.operations o JOIN cashback.order_clears s USING (order_id)
        LEFT JOIN cashback.operation_outcomes c ON (c.order_id, c.operation_id) = (o.order_id, o.operation_id)
       WHERE o.order_id LIKE $1 AND c.order_id IS NULL AND o.operation_id IS DISTINCT FROM s.operation_id
      UNION ALL
      SELECT invoice_id, format('%s unfinished operations at transactions', count(*))
        FROM transactions.cashback_operations
       WHERE invoice_id LIKE $1 AND status IN ('init', 'in-progress') GROUP BY invoice_id HAVING count(*) > 1`,
  },
  {
    invariant: 6,
    query: `
      SELECT min(order_id) AS order_id, format('operation %s belongs to %s orders', operation_id, count(*)) AS detail
        FROM cashback.operations WHERE order_id LIKE $1 GROUP BY operation_id HAVING count(*) > 1
      UNION ALL
      SELECT o.order_id, format('operation %s differs at transactions', o.operation_id)
        FROM cashback.operations o JOIN transactions.cashback_operations t USING (operation_id)
       WHERE o.order_id LIKE $1
         AND (o.order_id, o.user_id, o.wallet_id, o.currency, ${rewardOf('o.reward')})
             IS DISTINCT FROM (t.invoice_id, t.user_id, t.wallet_id, t.currency, ${rewardOf('t.reward')})`,
  },
  {
    // One cluster, one clock: an intent that was committed first was also written first. A restore loses intents; what
    // they did is adopted.
    invariant: 7,
    query: `
      SELECT t.invoice_id AS order_id, format('operation %s has no earlier intent of the worker', t.operation_id) AS detail
        FROM transactions.cashback_operations t LEFT JOIN cashback.operations o USING (operation_id)
       WHERE t.invoice_id LIKE $1 AND (o.operation_id IS NULL OR o.created_at > t.created_at)
      UNION ALL
      SELECT b.order_id, format('basket %s has no earlier step', b.basket_id)
        FROM trust.baskets b
        LEFT JOIN transactions.operation_steps s ON s.step_id = b.basket_id AND s.kind = 'topup' AND s.amount = b.amount AND s.source = b.source
        LEFT JOIN transactions.cashback_operations t USING (operation_id)
       WHERE b.order_id LIKE $1 AND (t.operation_id IS NULL OR t.created_at > b.created_at)
         AND NOT EXISTS (SELECT FROM transactions.adopted_steps a WHERE a.step_id = b.basket_id AND a.kind = 'topup')
      UNION ALL
      SELECT b.order_id, format('refund %s has no earlier step', r.refund_id)
        FROM trust.refunds r JOIN trust.baskets b USING (basket_id)
        LEFT JOIN transactions.operation_steps s ON s.step_id = r.refund_id AND s.kind = 'refund' AND s.amount = r.amount AND s.basket_id = r.basket_id
        LEFT JOIN transactions.cashback_operations t USING (operation_id)
       WHERE b.order_id LIKE $1 AND (t.operation_id IS NULL OR t.created_at > r.created_at)
         AND NOT EXISTS (SELECT FROM transactions.adopted_steps a WHERE a.step_id = r.refund_id AND a.kind = 'refund')`,
  },
] as const;
