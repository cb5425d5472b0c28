import type { ChargeUpdate } from '@cashback/cashback-db';

/** The columns that a step changes. Times are milliseconds of the epoch. */
export interface ReconciledRow {
  revision: number;
  settled_revision: number;
  operation_id: string | null;
  rewarded: NonNullable<ChargeUpdate['rewarded']>;
  cashback_epoch: number;
  cashback_version: number;
  attention: string | null;
  poll_at: number | null;
  next_charge_at: number;
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
    settled_revision: update.settled ? update.revision : row.settled_revision,
    operation_id: update.next_operation_id,
    rewarded: update.rewarded ?? row.rewarded,
    ...newest(row, update),
    attention: update.attention,
    poll_at: poll_in_ms === null ? null : now + poll_in_ms,
    next_charge_at: now + (poll_in_ms ?? 0),
  };
}

function newest(
  row: ReconciledRow,
  { cashback_epoch, cashback_version }: ChargeUpdate,
): Pick<ReconciledRow, 'cashback_epoch' | 'cashback_version'> {
  const stored = { cashback_epoch: row.cashback_epoch, cashback_version: row.cashback_version };
  if (cashback_epoch === null || cashback_version === null || cashback_epoch < row.cashback_epoch)
    return stored;
  if (cashback_epoch > row.cashback_epoch) return { cashback_epoch, cashback_version };
  return { ...stored, cashback_version: Math.max(row.cashback_version, cashback_version) };
}
