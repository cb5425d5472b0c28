import { parseAmount } from '@cashback/contract/amount';
import { type AmountsBySource, type Source, parseAmounts } from '@cashback/contract/source';
import { type StoredOrder, findTargetProblem } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';
import { NEWEST_EVENTS } from '../events/newest-events.ts';

/** An order, and why it needs attention, if it does. */
export type LoadedOrder = StoredOrder & {
  attention: string | null;
  /** The part of the target that may be sent while it is held; null: all of it. */
  allowed?: AmountsBySource | null;
};

type Row = Omit<LoadedOrder, 'target' | 'problem' | 'allowed'> & {
  allowed: { source: Source; amount: string }[] | null;
  order_id: string;
  cashback_sum: string;
  source: Source | null;
  value: string | null;
};

export const loadOrdersStatement = statement<Row>({
  name: 'cashback.load-orders',
  text: `
  WITH stored AS MATERIALIZED (
    SELECT order_id, service, user_id, wallet_id, currency, invoice_epoch, invoice_version, revision, cashback_sum,
      attention, held_revision, hold
    FROM cashback.order_clears
    WHERE order_id = ANY($1::text[])
  ), ${NEWEST_EVENTS}
  SELECT stored.order_id, stored.service, stored.user_id, stored.wallet_id, stored.currency,
    stored.invoice_epoch, stored.invoice_version, stored.revision, stored.cashback_sum, stored.attention,
    CASE WHEN stored.held_revision = stored.revision THEN stored.hold -> 'allowed' END AS allowed, newest.source, newest.value
  FROM stored LEFT JOIN newest ON newest.order_id = stored.order_id`,
  columns: {
    order_id: 'text',
    service: 'text',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    invoice_epoch: 'int4',
    invoice_version: 'int4',
    revision: 'int4',
    cashback_sum: 'numeric',
    attention: 'text?',
    allowed: 'jsonb?',
    source: 'text?',
    value: 'numeric?',
  },
});

/**
 * The orders with their targets, by id; those that do not exist are absent. To decide on an order, lock it with a
 * statement before this one.
 */
export async function loadOrders(
  tx: Transaction,
  orderIds: readonly string[],
): Promise<Map<string, LoadedOrder>> {
  if (orderIds.length === 0) return new Map();
  const rows = await loadOrdersStatement.rows(tx.client, [orderIds]);
  const orders = new Map<string, { row: Row; target: AmountsBySource }>();
  for (const row of rows) {
    const { order_id, source, value } = row;
    let order = orders.get(order_id);
    if (order === undefined) orders.set(order_id, (order = { row, target: {} }));
    if (source !== null && value !== null) order.target[source] = parseAmount(value);
  }
  return new Map([...orders].map(([orderId, { row, target }]) => [orderId, loadedOrderOf(row, target)]));
}

/** An order as a register finds it, of its row and the newest event of each source. */
export function loadedOrderOf(
  { cashback_sum, allowed, ...row }: Omit<Row, 'order_id' | 'source' | 'value'>,
  target: AmountsBySource,
): LoadedOrder {
  const { service, user_id, wallet_id, currency, invoice_epoch, invoice_version, revision, attention } = row;
  return {
    service,
    user_id,
    wallet_id,
    currency,
    invoice_epoch,
    invoice_version,
    revision,
    attention,
    allowed: allowed && parseAmounts(allowed),
    target,
    problem: findTargetProblem(target, parseAmount(cashback_sum)),
  };
}
