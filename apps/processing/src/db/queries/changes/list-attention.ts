import { type Database, statement } from '@cashback/postgres';

/** An order that needs attention, until its invoice changes or a person resumes it. */
export interface AttentionRow {
  order_id: string;
  service: string;
  seen_version: number;
  processed_version: number;
  attention: string;
  updated_at: Date;
}

const listAttentionStatement = statement<AttentionRow>({
  name: 'processing.list-attention',
  text: `
  SELECT order_id, service, seen_version, processed_version, attention, updated_at
  FROM processing.invoice_changes
  WHERE attention IS NOT NULL AND order_id > $1
  ORDER BY order_id
  LIMIT $2`,
  columns: {
    order_id: 'text',
    service: 'text',
    seen_version: 'int4',
    processed_version: 'int4',
    attention: 'text!',
    updated_at: 'timestamptz',
  },
});

/** A page of them in the order of their ids; `after` is the last id of the page before. */
export async function listAttention(
  { pool }: Database,
  { after, limit }: { after: string; limit: number },
): Promise<AttentionRow[]> {
  const rows = await listAttentionStatement.rows(pool, [after, limit]);
  return rows;
}
