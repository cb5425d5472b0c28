import type { AddedGrowth, HeldRevision, HoldState } from '@cashback/cashback-db';
import { type Hold, describeHold } from '@cashback/core';
import type { OrderRow } from './order-rows.ts';

/*
 * The rules of the statements in `queries/breaker` of cashback-db: what each makes of a row. The simulation runs them,
 * and a test holds the statements against them.
 */

/** A window's row. Its start is milliseconds of the epoch. */
export interface WindowRow extends AddedGrowth {
  window_start: number;
}

/** `countGrowth`; `stored` is null for the first growth of a service and currency. */
export function countedWindow(stored: WindowRow | null, added: AddedGrowth, now: number): WindowRow {
  const length = added.window_s * 1_000;
  const window_start = Math.floor(now / length) * length;
  const isSame =
    stored !== null &&
    stored.window_s === added.window_s &&
    stored.window_start >= window_start &&
    stored.window_start <= window_start + length;
  const { service, currency, window_s, growth } = added;
  return isSame
    ? { ...stored, growth: stored.growth + growth }
    : { service, currency, window_s, window_start, growth };
}

/** `discountGrowth` */
export function discountedWindow(row: WindowRow, { growth }: Pick<AddedGrowth, 'growth'>): WindowRow {
  return { ...row, growth: row.growth - growth };
}

/** `holdOrders`. Throws as it does when the row has another revision. */
export function heldRow(row: OrderRow, { order_id, revision, hold }: HeldRevision, now: number): OrderRow {
  if (row.revision !== revision) throw new Error(`order ${order_id} is not at revision ${revision}`);
  return {
    ...row,
    held_revision: revision,
    hold,
    attention: describeHold(hold),
    attention_code: 'held_by_breaker',
    attention_since: now,
    attention_details: { ...hold },
  };
}

/** The order's hold, as it is read; null: all of its target may be sent. */
export function holdOf({ held_revision, revision, hold }: OrderRow): Hold | null {
  return held_revision === revision ? hold : null;
}

/** `loadHolds` */
export function holdStateOf({ order_id, revision, held_revision }: OrderRow): HoldState {
  return { order_id, revision, is_held: held_revision === revision };
}

/** `releaseOrders`: only the attention that the hold gave is taken back. */
export function releasedRow(row: OrderRow, now: number): OrderRow {
  return {
    ...row,
    held_revision: null,
    hold: null,
    ...(row.attention_code === 'held_by_breaker' && NO_ATTENTION),
    waited_ms: 0,
    answered_at: null,
    unsettled_since: now,
    next_charge_at: now,
  };
}

const NO_ATTENTION = {
  attention: null,
  attention_code: null,
  attention_since: null,
  attention_details: null,
};
