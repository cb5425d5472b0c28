import type { Source } from '@cashback/contract/source';
import type { DriftFinder, Hold } from '@cashback/core';
import { type ColumnsOf, type Reader, statement } from '@cashback/postgres';

/** What the reconciler reads of an order's row, all as of one moment. */
export interface ChargeOrder {
  order_id: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  /** What may be sent of the newest revision, and why no more; null: all of it. */
  hold: Hold | null;
  revision: number;
  settled_revision: number;
  operation_id: string | null;
  /** As `transactions` last reported it. */
  rewarded: { source: Source; amount: string }[];
  /** The epoch and version of the newest cashback that was ever seen. */
  cashback_epoch: number;
  cashback_version: number;
  attention: string | null;
  /** Null also when an older release gave the reason. */
  attention_code: string | null;
  attention_since: Date | null;
  attention_details: Record<string, unknown> | null;
  /** For how long it has waited while `transactions` answered, and when it last answered; null: not to the last call. */
  waited_ms: number;
  answered_at: Date | null;
  /** How often it was healed of a foreign change, and since when; see `decideHeal`. */
  heals: number;
  healed_since: Date | null;
  unsettled_since: Date;
  /** When it is audited next, and how many audits were due since it settled. */
  audit_at: Date | null;
  audit_step: number;
  /** What made it due; null: its own time. */
  due_by: DriftFinder | null;
  /** How often something asked for an observation, and how many of these requests steps have answered. */
  requests: number;
  answered_requests: number;
  /** By the database's clock, which also wrote the other moments. */
  now: Date;
}

/** For a statement with no other table that has columns of these names. */
export const CHARGE_ORDER_COLUMNS = `
  order_id, user_id, wallet_id, currency, revision, settled_revision, operation_id, rewarded,
  CASE WHEN held_revision = revision THEN hold END AS hold,
  cashback_epoch, cashback_version, attention, attention_code, attention_since, attention_details, waited_ms::float8 AS waited_ms,
  answered_at, heals, healed_since, unsettled_since, audit_at, audit_step, due_by, requests, answered_requests,
  now() AS now`;

export const CHARGE_ORDER_TYPES: ColumnsOf<ChargeOrder> = {
  order_id: 'text',
  user_id: 'text',
  wallet_id: 'text',
  currency: 'text',
  hold: 'jsonb?',
  revision: 'int4',
  settled_revision: 'int4',
  operation_id: 'text?',
  rewarded: 'jsonb',
  cashback_epoch: 'int4',
  cashback_version: 'int4',
  attention: 'text?',
  attention_code: 'text?',
  attention_since: 'timestamptz?',
  attention_details: 'jsonb?',
  waited_ms: 'float8',
  answered_at: 'timestamptz?',
  heals: 'int4',
  healed_since: 'timestamptz?',
  unsettled_since: 'timestamptz',
  audit_at: 'timestamptz?',
  audit_step: 'int4',
  due_by: 'text?',
  requests: 'int4',
  answered_requests: 'int4',
  now: 'timestamptz',
};

const loadChargeOrdersStatement = statement<ChargeOrder>({
  name: 'cashback.load-charge-orders',
  text: `
  SELECT ${CHARGE_ORDER_COLUMNS}
  FROM cashback.order_clears
  WHERE order_id = ANY($1::text[])`,
  columns: CHARGE_ORDER_TYPES,
});

/** The orders by id; those that do not exist are absent. */
export async function loadChargeOrders(
  reader: Reader,
  orderIds: readonly string[],
): Promise<Map<string, ChargeOrder>> {
  if (orderIds.length === 0) return new Map();
  const rows = await loadChargeOrdersStatement.rows(reader, [orderIds]);
  return new Map(rows.map((order) => [order.order_id, order]));
}
