import type { Database } from '@cashback/postgres';

/** A row of the inbox that is to be processed. */
export interface UnfinishedChange {
  order_id: string;
  seen_version: number;
  failures: number;
  /** For how long an input has been missing by now; null while none is. */
  waited_ms: number | null;
}

type Row = UnfinishedChange & { is_unfinished: boolean };

// The lock waits for a transaction that is noting a change and whose job was taken for the one that is here.
// A condition beside the ids would be checked before that wait, and miss the change.
const text = `
  SELECT order_id, seen_version, failures,
    (extract(epoch FROM now() - waiting_since) * 1000)::float8 AS waited_ms,
    (processed_version < seen_version OR asks_again) AND attention IS NULL AS is_unfinished
  FROM processing.invoice_changes
  WHERE order_id = ANY($1::text[])
  ORDER BY order_id
  FOR UPDATE`;

/** Those of the orders that have something to process and need nobody's attention. */
export async function loadUnfinished(
  { pool }: Database,
  orderIds: readonly string[],
): Promise<UnfinishedChange[]> {
  const { rows } = await pool.query<Row>({ name: 'load_unfinished', text, values: [orderIds] });
  return rows
    .filter(({ is_unfinished }) => is_unfinished)
    .map(({ order_id, seen_version, failures, waited_ms }) => ({
      order_id,
      seen_version,
      failures,
      waited_ms,
    }));
}
