import type { Source } from '@cashback/contract/source';
import { type Transaction, statement } from '@cashback/postgres';
import { NEWEST_EVENTS } from '../events/newest-events.ts';
import { type Charge, type ChargeRows, type EndedOperation, chargeOf } from './charge.ts';
import type { NewOperation } from '../operations/insert-operations.ts';
import { loadChargeOrders } from './load-charge-orders.ts';
import { NEWEST_OPERATIONS, OPERATION_TYPES } from './newest-operations.ts';

export const loadChargesTargetsStatement = statement<{
  order_id: string;
  cashback_sum: string;
  source: Source | null;
  value: string | null;
}>({
  name: 'cashback.load-charges.targets',
  text: `
  WITH stored AS MATERIALIZED (
    SELECT order_id, cashback_sum, revision FROM cashback.order_clears WHERE order_id = ANY($1::text[])
  ), ${NEWEST_EVENTS}
  SELECT stored.order_id, stored.cashback_sum, newest.source, newest.value
  FROM stored LEFT JOIN newest ON newest.order_id = stored.order_id`,
  columns: { order_id: 'text', cashback_sum: 'numeric', source: 'text?', value: 'numeric?' },
});

const loadChargesOperationsStatement = statement<NewOperation>({
  name: 'cashback.load-charges.operations',
  text: `
  SELECT sent.order_id, sent.operation_id, sent.revision, sent.cashback_epoch, sent.version, sent.user_id, sent.wallet_id,
    sent.currency, sent.reward, sent.attempt
  FROM cashback.order_clears AS stored
  JOIN cashback.operations AS sent
    ON sent.order_id = stored.order_id AND sent.operation_id = stored.operation_id
  WHERE stored.order_id = ANY($1::text[])`,
  columns: OPERATION_TYPES,
});

export const loadChargesEndedStatement = statement<EndedOperation & { order_id: string }>({
  name: 'cashback.load-charges.ended',
  text: `
  SELECT stored.order_id, sent.revision, sent.cashback_epoch, sent.version, sent.user_id, sent.wallet_id, sent.currency,
    sent.reward, sent.attempt, ended.outcome, ended.created_at AS ended_at
  FROM cashback.order_clears AS stored
  CROSS JOIN LATERAL (${NEWEST_OPERATIONS}
  ) AS sent
  CROSS JOIN LATERAL (
    SELECT outcome, created_at FROM cashback.operation_outcomes
    WHERE operation_outcomes.order_id = stored.order_id AND operation_outcomes.operation_id = sent.operation_id
    LIMIT 1
  ) AS ended
  WHERE stored.order_id = ANY($1::text[])`,
  columns: {
    order_id: 'text',
    revision: 'int4',
    cashback_epoch: 'int4',
    version: 'int4',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    reward: 'jsonb',
    attempt: 'int4?',
    outcome: 'text',
    ended_at: 'timestamptz',
  },
});

/**
 * The orders by id, each with its `operations` newest operations at most. The transaction must hold their locks, so that
 * all its statements see the same rows.
 */
export async function loadCharges(
  tx: Transaction,
  orderIds: readonly string[],
  { operations: most }: { operations: number },
): Promise<Map<string, Charge>> {
  if (orderIds.length === 0) return new Map();
  const orders = await loadChargeOrders(tx.client, orderIds);
  const values = [orderIds];
  const targets = await loadChargesTargetsStatement.rows(tx.client, values);
  const operations = await loadChargesOperationsStatement.rows(tx.client, values);
  const ended = await loadChargesEndedStatement.rows(tx.client, [orderIds, most]);

  const rows = new Map<string, ChargeRows>();
  for (const orderId of orders.keys())
    rows.set(orderId, { cashback_sum: '0', newest: [], operation: null, ended: [] });
  for (const { order_id, cashback_sum, source, value } of targets) {
    const of = rowsOf(rows, order_id);
    of.cashback_sum = cashback_sum;
    if (source !== null && value !== null) of.newest.push({ source, value });
  }
  for (const operation of operations) rowsOf(rows, operation.order_id).operation = operation;
  for (const { order_id, ...one } of ended) rowsOf(rows, order_id).ended.push(one);
  return new Map([...orders].map(([orderId, order]) => [orderId, chargeOf(order, rowsOf(rows, orderId))]));
}

function rowsOf(rows: Map<string, ChargeRows>, orderId: string): ChargeRows {
  const found = rows.get(orderId);
  if (found === undefined) throw new Error(`order ${orderId} has events or operations but no row of its own`);
  return found;
}
