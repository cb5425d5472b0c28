import { type Transaction, statement } from '@cashback/postgres';

const claimOverdueStatement = statement<{ invoice_id: string; operation_id: string }>({
  name: 'transactions.claim-overdue',
  text: `
  UPDATE transactions.cashback_operations SET next_look_at = now()
  WHERE operation_id IN (
    SELECT operation_id FROM transactions.cashback_operations
    WHERE status IN ('init', 'in-progress') AND next_look_at < now() - $1::integer * interval '1 millisecond'
    ORDER BY next_look_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
  RETURNING invoice_id, operation_id`,
  columns: { invoice_id: 'text', operation_id: 'text' },
});

/** Claims operations whose next attempt is overdue by more than `overdueMs`, and makes them due now. */
export async function claimOverdue(
  tx: Transaction,
  overdueMs: number,
  limit: number,
): Promise<{ invoice_id: string; operation_id: string }[]> {
  const rows = await claimOverdueStatement.rows(tx.client, [overdueMs, limit]);
  return rows;
}
