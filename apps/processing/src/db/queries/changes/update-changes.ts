import { type Transaction, statement } from '@cashback/postgres';
import type { ChangeRow } from '../../../inbox/change.ts';
import { AUDIT_AT, INPUT, NEXT_LOOK_AT, WAITING_SINCE, valuesOf } from './change-rows.ts';

const updateChangesStatement = statement({
  name: 'processing.update-changes',
  text: `
  UPDATE processing.invoice_changes AS stored SET
    service = input.service,
    seen_epoch = input.seen_epoch,
    seen_version = input.seen_version,
    processed_epoch = input.processed_epoch,
    processed_version = input.processed_version,
    hints = input.hints,
    answered_hints = input.answered_hints,
    asks_again = input.asks_again,
    failures = input.failures,
    waiting_since = ${WAITING_SINCE},
    attention = input.attention,
    registered = input.registered,
    unchanged = input.unchanged,
    stale = input.stale,
    next_look_at = ${NEXT_LOOK_AT},
    config_hash = input.config_hash,
    audit_at = ${AUDIT_AT},
    audit_step = input.audit_step,
    brought_by = input.brought_by,
    updated_at = now()
  FROM ${INPUT}
  WHERE stored.order_id = input.order_id`,
  columns: {},
});

/** Writes rows that the transaction has locked, each at most once. */
export async function updateChanges({ client }: Transaction, rows: readonly ChangeRow[]): Promise<void> {
  if (rows.length === 0) return;
  const rowCount = await updateChangesStatement.run(client, valuesOf(rows));
  if (rowCount !== rows.length) {
    throw new Error(`expected to update ${rows.length} rows of the inbox, updated ${rowCount}`);
  }
}
