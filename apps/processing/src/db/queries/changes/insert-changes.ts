import type { InvoiceChange } from '@cashback/wire';
import type { Transaction } from '@cashback/postgres';

const text = `
  INSERT INTO processing.invoice_changes AS stored (order_id, service, seen_version)
  SELECT DISTINCT ON (told.order_id COLLATE "C") told.order_id, told.service, told.version
  FROM unnest($1::text[], $2::text[], $3::int[]) AS told (order_id, service, version)
  ORDER BY told.order_id COLLATE "C", told.version DESC
  ON CONFLICT (order_id) DO UPDATE
  SET service = excluded.service, seen_version = excluded.seen_version, failures = 0, waiting_since = NULL,
    attention = NULL, next_look_at = now(), updated_at = now()
  WHERE stored.seen_version < excluded.seen_version
  RETURNING order_id, processed_version < seen_version AS is_unfinished`;

/**
 * Remembers the newest version of each order's invoice, and takes the row out of `attention`. A version that is not
 * newer changes nothing. Returns the orders that have something to process now and had not before.
 */
export async function noteChanges(
  { client }: Transaction,
  changes: readonly InvoiceChange[],
): Promise<string[]> {
  const { rows } = await client.query<{ order_id: string; is_unfinished: boolean }>({
    name: 'note_changes',
    text,
    values: [
      changes.map(({ invoice_id }) => invoice_id),
      changes.map(({ service }) => service),
      changes.map(({ version }) => version),
    ],
  });
  return rows.filter(({ is_unfinished }) => is_unfinished).map(({ order_id }) => order_id);
}
