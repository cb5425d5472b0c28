import type { RunTables } from './run-tables.ts';

const HISTORY = `
  SELECT created_at AS at, format('transactions: invoice version %s, %s: %s', version, status, payments) AS line
    FROM transactions.invoice_history WHERE invoice_id = $1
  UNION ALL
  SELECT created_at, format('server: revision %s of invoice version %s: %s %s', revision, invoice_version, source, value)
    FROM cashback.events WHERE order_id = $1
  UNION ALL
  SELECT created_at, format('worker: operation %s for revision %s, at cashback version %s: %s', operation_id, revision, version, reward)
    FROM cashback.operations WHERE order_id = $1
  UNION ALL
  SELECT created_at, concat_ws(', ', format('worker: operation %s is %s, rewarded %s', operation_id, outcome, rewarded), reason)
    FROM cashback.operation_outcomes WHERE order_id = $1
  UNION ALL
  SELECT created_at, format('transactions: operation %s accepted as cashback version %s: %s', operation_id, version, reward)
    FROM transactions.cashback_operations WHERE invoice_id = $1
  UNION ALL
  SELECT finished_at, concat_ws(', ', format('transactions: operation %s ended: %s', operation_id, status), reason)
    FROM transactions.cashback_operations WHERE invoice_id = $1 AND finished_at IS NOT NULL
  UNION ALL
  SELECT s.updated_at, concat_ws(', ', format('transactions: step %s, %s of %s %s: %s', s.step_id, s.kind, s.source, s.amount, s.status), s.reason)
    FROM transactions.operation_steps s JOIN transactions.cashback_operations o USING (operation_id) WHERE o.invoice_id = $1
  UNION ALL
  SELECT m.created_at, format('Trust: %s of %s for %s, %s is at %s', m.kind, m.amount, m.cause, m.wallet_id, m.balance_after)
    FROM trust.wallet_movements m
   WHERE m.cause IN (SELECT basket_id FROM trust.baskets WHERE order_id = $1
                     UNION ALL
                     SELECT refund_id FROM trust.refunds JOIN trust.baskets USING (basket_id) WHERE order_id = $1)
  UNION ALL
  SELECT updated_at, concat_ws(', ', format('server: stored at invoice version %s, revision %s, settled %s', invoice_version, revision, settled_revision),
      'operation ' || operation_id, 'attention: ' || attention, 'polled again at ' || poll_at)
    FROM cashback.order_clears WHERE order_id = $1
  UNION ALL
  SELECT greatest(updated_at, created_at), concat_ws(', ', format('processing: saw version %s, processed %s, failures %s', seen_version, processed_version, failures),
      'attention: ' || attention)
    FROM processing.invoice_changes WHERE order_id = $1
  ORDER BY at`;

/** All that the tables of the apps say about an order, oldest first: the first thing to read when it is wrong. */
export async function readOrderHistory({ sql }: RunTables, orderId: string): Promise<string[]> {
  const { rows } = await sql.query<{ at: Date; line: string }>(HISTORY, [orderId]);
  return rows.map(({ at, line }) => `${at.toISOString()}  ${line}`);
}
