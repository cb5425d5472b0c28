import { type Transaction, statement } from '@cashback/postgres';
import type { ChangeRow } from '../../../inbox/change.ts';
import { AUDIT_AT, INPUT, NEXT_LOOK_AT, WAITING_SINCE, valuesOf } from './change-rows.ts';

// The update that never happens locks the rows that exist, in one order with the inserted ones.
const insertChangesStatement = statement<{ order_id: string }>({
  name: 'processing.insert-changes',
  text: `
  INSERT INTO processing.invoice_changes AS stored (
    order_id, service, seen_epoch, seen_version, processed_epoch, processed_version, hints, answered_hints, asks_again,
    failures, waiting_since, attention, registered, unchanged, stale, next_look_at, config_hash,
    audit_at, audit_step, brought_by
  )
  SELECT order_id, service, seen_epoch, seen_version, processed_epoch, processed_version, hints, answered_hints,
    asks_again, failures, ${WAITING_SINCE}, attention, registered, unchanged, stale, ${NEXT_LOOK_AT}, config_hash,
    ${AUDIT_AT}, audit_step, brought_by
  FROM ${INPUT}
  ORDER BY order_id COLLATE "C"
  ON CONFLICT (order_id) DO UPDATE SET updated_at = stored.updated_at WHERE false
  RETURNING order_id`,
  columns: { order_id: 'text' },
});

/** Inserts the rows of orders that have none, and locks the rows of the others. Returns the inserted ones' orders. */
export async function insertChanges(
  { client }: Transaction,
  rows: readonly ChangeRow[],
): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const inserted = await insertChangesStatement.rows(client, valuesOf(rows));
  return new Set(inserted.map(({ order_id }) => order_id));
}
