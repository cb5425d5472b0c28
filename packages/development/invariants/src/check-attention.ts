import type { Violation } from './invariants.ts';
import { runChecks } from './run-checks.ts';
import type { RunTables } from './run-tables.ts';

/**
 * Invariant 17: after faults that passed no order needs a person, and none was resumed by one. What a wallet owes ends
 * with money in it.
 */
export function checkAttention(tables: RunTables): Promise<Violation[]> {
  return runChecks(tables, [{ invariant: 17, query: QUERY }]);
}

const QUERY = `
  SELECT order_id, concat_ws(': ', 'worker', attention_code, attention) AS detail
    FROM cashback.order_clears
   WHERE order_id LIKE $1 AND attention IS NOT NULL AND attention_code IS DISTINCT FROM 'owed'
  UNION ALL
  SELECT order_id, concat_ws(': ', 'processing', attention_code, attention)
    FROM processing.invoice_changes WHERE order_id LIKE $1 AND attention IS NOT NULL
  UNION ALL
  SELECT order_id, format('%s resumed it: %s', caller, reason)
    FROM cashback.attention_resumes WHERE order_id LIKE $1`;
