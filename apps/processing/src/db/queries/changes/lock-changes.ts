import { type Reader, statement } from '@cashback/postgres';
import type { ChangeRow } from '../../../inbox/change.ts';

// The lock waits for a transaction that is noting a change and found a job of its order in the queue already. A
// condition beside the ids would be checked before that wait, and miss the change.
const lockChangesStatement = statement<ChangeRow>({
  name: 'processing.lock-changes',
  text: `
  SELECT order_id, service, seen_epoch, seen_version, processed_epoch, processed_version, hints, answered_hints,
    asks_again, failures,
    (extract(epoch FROM now() - waiting_since) * 1000)::float8 AS waited_ms, attention,
    registered, unchanged, stale, (extract(epoch FROM next_look_at - now()) * 1000)::float8 AS next_attempt_in_ms,
    config_hash, (extract(epoch FROM audit_at - now()) * 1000)::float8 AS audit_in_ms, audit_step, brought_by
  FROM processing.invoice_changes
  WHERE order_id = ANY($1::text[])
  ORDER BY order_id
  FOR UPDATE`,
  columns: {
    order_id: 'text',
    service: 'text',
    seen_epoch: 'int4',
    seen_version: 'int4',
    processed_epoch: 'int4',
    processed_version: 'int4',
    hints: 'int4',
    answered_hints: 'int4',
    asks_again: 'bool',
    failures: 'int4',
    waited_ms: 'float8?',
    attention: 'text?',
    registered: 'int4',
    unchanged: 'int4',
    stale: 'int4',
    next_attempt_in_ms: 'float8',
    config_hash: 'text?',
    audit_in_ms: 'float8?',
    audit_step: 'int4',
    brought_by: 'text?',
  },
});

/** Waits for the locks of the orders' rows and reads them as they are then. A transaction keeps the locks. */
export async function lockChanges(reader: Reader, orderIds: readonly string[]): Promise<ChangeRow[]> {
  if (orderIds.length === 0) return [];
  const rows = await lockChangesStatement.rows(reader, [orderIds]);
  return rows;
}
