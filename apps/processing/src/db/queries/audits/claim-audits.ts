import { type Transaction, statement } from '@cashback/postgres';

const claimAuditsStatement = statement<{ order_id: string }>({
  name: 'processing.claim-audits',
  text: `
  SELECT order_id
  FROM processing.invoice_changes
  WHERE audit_at <= now()
  ORDER BY audit_at
  LIMIT $1
  FOR UPDATE SKIP LOCKED`,
  columns: { order_id: 'text' },
});

/** Locks orders whose audit is due, the longest due first. */
export async function claimAudits({ client }: Transaction, limit: number): Promise<string[]> {
  const rows = await claimAuditsStatement.rows(client, [limit]);
  return rows.map(({ order_id }) => order_id);
}
