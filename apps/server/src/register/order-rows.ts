import type { Payee } from '@cashback/contract';
import type { NewOrder, OrderUpdate } from '@cashback/cashback-db';
import type { DriftFinder, Hold } from '@cashback/core';

/** An order's row. Times are milliseconds of the epoch. */
export interface OrderRow extends NewOrder {
  revision: number;
  settled_revision: number;
  operation_id: string | null;
  rewarded: { source: 'user' | 'service'; amount: string }[];
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
  next_charge_at: number;
  poll_at: number | null;
  /** `hold` counts while this is the newest revision; null: nothing was held, or it is released. */
  held_revision: number | null;
  hold: Hold | null;
  audit_at: number | null;
  audit_step: number;
  due_by: DriftFinder | null;
  requests: number;
  answered_requests: number;
}

/*
 * The rules of the statements in `queries/orders` of cashback-db: what each makes of a row. The simulation runs them,
 * and a test holds the statements against them.
 */

/** `insertOrders`, of an order that has no row. */
export function newRow(order: NewOrder, now: number): OrderRow {
  return {
    ...order,
    revision: 1,
    settled_revision: 0,
    operation_id: null,
    rewarded: [],
    cashback_epoch: 1,
    cashback_version: 0,
    poll_at: null,
    held_revision: null,
    hold: null,
    audit_at: null,
    audit_step: 0,
    due_by: null,
    requests: 0,
    answered_requests: 0,
    ...chargeNow(now),
  };
}

/** `updateOrders` */
export function registeredRow(row: OrderRow, update: OrderUpdate, now: number): OrderRow {
  const { order_id: _, is_new_target, ...columns } = update;
  return { ...row, ...columns, ...(is_new_target && chargeNow(now)) };
}

/** `resumeOrders`; null: it skips the row. */
export function resumedRow(
  row: OrderRow,
  { by_person }: { by_person: boolean },
  now: number,
): OrderRow | null {
  const { attention, attention_code, heals, healed_since } = row;
  if (attention === null || (attention_code === 'foreign_writer' && !by_person)) return null;
  return { ...row, ...chargeNow(now), ...(!by_person && { heals, healed_since }) };
}

/** `changePayee`. A hold is of the newest revision, and stays. */
export function payeeRow(row: OrderRow, to: Payee, now: number): OrderRow {
  const revision = row.revision + 1;
  const held_revision = row.held_revision === row.revision ? revision : row.held_revision;
  return { ...row, ...to, ...chargeNow(now), revision, held_revision };
}

const NOTHING_WENT_WRONG = {
  attention: null,
  attention_code: null,
  attention_since: null,
  attention_details: null,
  waited_ms: 0,
  answered_at: null,
  heals: 0,
  healed_since: null,
};

/** Due at once, and nothing that went wrong before counts. */
function chargeNow(
  now: number,
): typeof NOTHING_WENT_WRONG & Pick<OrderRow, 'unsettled_since' | 'next_charge_at'> {
  return { ...NOTHING_WENT_WRONG, unsettled_since: now, next_charge_at: now };
}
