import { type Transaction, statement } from '@cashback/postgres';
import { IS_UNFINISHED } from './change-rows.ts';

const claimOverdueStatement = statement<{ order_id: string }>({
  name: 'processing.claim-overdue',
  text: `
  UPDATE processing.invoice_changes AS stored
  SET next_look_at = now()
  FROM (
    SELECT order_id
    FROM processing.invoice_changes
    WHERE ${IS_UNFINISHED}
      AND next_look_at < now() - $1::int * interval '1 millisecond'
    ORDER BY next_look_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  ) AS overdue
  WHERE stored.order_id = overdue.order_id
  RETURNING stored.order_id`,
  columns: { order_id: 'text' },
});

/** Claims orders that are overdue by more than `overdue_ms`, the longest overdue first, and makes them due now. */
export async function claimOverdue(
  { client }: Transaction,
  { overdue_ms, limit }: { overdue_ms: number; limit: number },
): Promise<string[]> {
  const rows = await claimOverdueStatement.rows(client, [overdue_ms, limit]);
  return rows.map(({ order_id }) => order_id);
}
