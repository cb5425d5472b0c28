import type { Database } from '@cashback/postgres';

/** An order that needs attention, until its invoice changes or a person resumes it. */
export interface AttentionRow {
  order_id: string;
  service: string;
  seen_version: number;
  processed_version: number;
  attention: string;
  updated_at: Date;
}

const text = `
  SELECT order_id, service, seen_version, processed_version, attention, updated_at
  FROM processing.invoice_changes
  WHERE attention IS NOT NULL AND order_id > $1
  ORDER BY order_id
  LIMIT $2`;

/** A page of them in the order of their ids; `after` is the last id of the page before. */
export async function listAttention(
  { pool }: Database,
  { after, limit }: { after: string; limit: number },
): Promise<AttentionRow[]> {
  const { rows } = await pool.query<AttentionRow>({
    name: 'processing.list-attention',
    text,
    values: [after, limit],
  });
  return rows;
}
