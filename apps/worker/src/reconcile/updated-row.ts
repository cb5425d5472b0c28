import type { ChargeUpdate } from '@cashback/cashback-db';
import { type DriftFinder, compareVersions } from '@cashback/core';

/** The columns that a step changes. Times are milliseconds of the epoch. */
export interface ReconciledRow {
  revision: number;
  settled_revision: number;
  operation_id: string | null;
  rewarded: NonNullable<ChargeUpdate['rewarded']>;
  cashback_epoch: number;
  cashback_version: number;
  attention: string | null;
  attention_code: string | null;
  attention_since: number | null;
  attention_details: Record<string, unknown> | null;
  waited_ms: number;
  answered_at: number | null;
  heals: number;
  healed_since: number | null;
  unsettled_since: number;
  poll_at: number | null;
  next_charge_at: number;
  audit_at: number | null;
  audit_step: number;
  due_by: DriftFinder | null;
  requests: number;
  answered_requests: number;
}

/**
 * The rule of the statement `updateCharges`: what it writes into a row. Throws as it does when the row is not as it was
 * decided on. The simulation runs it, and a test holds the statement against it.
 */
export function updatedRow(row: ReconciledRow, update: ChargeUpdate, now: number): ReconciledRow {
  if (row.revision !== update.revision || row.operation_id !== update.operation_id) {
    throw new Error(`order ${update.order_id} is not as it was decided on`);
  }
  const poll_in_ms = update.poll_in_ms === null ? null : Math.round(update.poll_in_ms);
  return {
    revision: row.revision,
    settled_revision: settledRevision(row, update),
    unsettled_since: update.reopened ? now : row.unsettled_since,
    operation_id: update.next_operation_id,
    rewarded: update.rewarded ?? row.rewarded,
    ...newest(row, update),
    ...attentionOf(row, update, now),
    waited_ms: Math.round(update.waited_ms),
    answered_at: update.answered_at && update.answered_at.getTime(),
    heals: update.heals,
    healed_since: update.healed_since && update.healed_since.getTime(),
    poll_at: poll_in_ms === null ? null : now + poll_in_ms,
    next_charge_at: now + (poll_in_ms ?? 0),
    ...auditOf(row, update, now),
    due_by: isDone(row, update) ? null : row.due_by,
    requests: row.requests,
    answered_requests: update.answered_requests,
  };
}

/** The attempt that a balance asks for begins when the operation that is open now has ended. */
function isDone(
  { operation_id, due_by, requests }: ReconciledRow,
  { settled, reopened, next_operation_id, answered_requests }: ChargeUpdate,
): boolean {
  if (requests > answered_requests && due_by !== 'balance') return false;
  if (settled || reopened) return true;
  return next_operation_id !== null && !(due_by === 'balance' && next_operation_id === operation_id);
}

function auditOf(
  { audit_at, audit_step }: ReconciledRow,
  { audit }: ChargeUpdate,
  now: number,
): Pick<ReconciledRow, 'audit_at' | 'audit_step'> {
  if (audit === null) return { audit_at, audit_step };
  const { audit_in_ms } = audit;
  return {
    audit_step: audit.audit_step,
    audit_at: audit_in_ms === null ? null : now + Math.round(audit_in_ms),
  };
}

function newest(
  row: ReconciledRow,
  { cashback_epoch, cashback_version }: ChargeUpdate,
): Pick<ReconciledRow, 'cashback_epoch' | 'cashback_version'> {
  const stored = { cashback_epoch: row.cashback_epoch, cashback_version: row.cashback_version };
  if (cashback_epoch === null || cashback_version === null) return stored;
  const observed = { epoch: cashback_epoch, version: cashback_version };
  const isOlder = compareVersions(observed, { epoch: row.cashback_epoch, version: row.cashback_version }) < 0;
  return isOlder ? stored : { cashback_epoch, cashback_version };
}

function settledRevision(
  { settled_revision }: ReconciledRow,
  { revision, settled, reopened }: ChargeUpdate,
): number {
  if (settled) return revision;
  return reopened ? Math.min(settled_revision, revision - 1) : settled_revision;
}

function attentionOf(
  row: ReconciledRow,
  { attention }: ChargeUpdate,
  now: number,
): Pick<ReconciledRow, 'attention' | 'attention_code' | 'attention_since' | 'attention_details'> {
  if (attention === null) {
    return { attention: null, attention_code: null, attention_since: null, attention_details: null };
  }
  const { code, reason, details } = attention;
  const isSame = row.attention !== null && row.attention_code === code;
  return {
    attention: reason,
    attention_code: code,
    attention_since: isSame ? (row.attention_since ?? now) : now,
    attention_details: details,
  };
}
