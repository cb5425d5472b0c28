import { parseAmount } from '@cashback/contract/amount';
import type { Source, AmountsBySource } from '@cashback/contract/source';
import type { Attempts } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';
import { type ChargeOrder, loadChargeOrders } from './load-charge-orders.ts';
import type { NewOperation } from './insert-operations.ts';

/** Everything that the next step of an order is decided on. */
export interface Charge {
  order: ChargeOrder;
  /** The newest event of each source. */
  target: AmountsBySource;
  /** The open one: it is not known to be finished. */
  operation: NewOperation | null;
  /** Operations of this revision that ended since the order was registered or resumed. */
  attempts: Attempts;
}

const loadChargesTargetsStatement = statement<{ order_id: string; source: Source; value: string }>({
  name: 'cashback.load-charges.targets',
  text: `
  SELECT DISTINCT ON (order_id, source) order_id, source, value
  FROM cashback.events
  WHERE order_id = ANY($1::text[])
  ORDER BY order_id, source, revision DESC`,
  columns: { order_id: 'text', source: 'text', value: 'numeric' },
});

const loadChargesOperationsStatement = statement<NewOperation>({
  name: 'cashback.load-charges.operations',
  text: `
  SELECT sent.order_id, sent.operation_id, sent.revision, sent.version, sent.user_id, sent.wallet_id, sent.currency,
    sent.reward
  FROM cashback.order_clears AS stored
  JOIN cashback.operations AS sent
    ON sent.order_id = stored.order_id AND sent.operation_id = stored.operation_id
  WHERE stored.order_id = ANY($1::text[])`,
  columns: {
    order_id: 'text',
    operation_id: 'text',
    revision: 'int4',
    version: 'int4',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    reward: 'jsonb',
  },
});

const loadChargesAttemptsStatement = statement<Attempts & { order_id: string }>({
  name: 'cashback.load-charges.attempts',
  text: `
  SELECT stored.order_id,
    count(*) FILTER (WHERE ended.outcome = 'failed')::integer AS failed,
    count(*) FILTER (WHERE ended.outcome = 'applied')::integer AS applied,
    count(*) FILTER (WHERE ended.outcome = 'rejected')::integer AS rejected,
    max(ended.created_at) AS last_at
  FROM cashback.order_clears AS stored
  JOIN cashback.operations AS sent ON sent.order_id = stored.order_id AND sent.revision = stored.revision
  JOIN cashback.operation_outcomes AS ended
    ON ended.order_id = sent.order_id AND ended.operation_id = sent.operation_id
  WHERE stored.order_id = ANY($1::text[]) AND ended.created_at >= stored.unsettled_since
  GROUP BY stored.order_id`,
  columns: { order_id: 'text', failed: 'int4', applied: 'int4', rejected: 'int4', last_at: 'timestamptz?' },
});

const NO_ATTEMPTS: Attempts = { failed: 0, applied: 0, rejected: 0, last_at: null };

/** The orders by id. The transaction must hold their locks, so that all its statements see the same rows. */
export async function loadCharges(
  tx: Transaction,
  orderIds: readonly string[],
): Promise<Map<string, Charge>> {
  if (orderIds.length === 0) return new Map();
  const orders = await loadChargeOrders(tx, orderIds);
  const values = [orderIds];
  const targets = await loadChargesTargetsStatement.rows(tx.client, values);
  const operations = await loadChargesOperationsStatement.rows(tx.client, values);
  const attempts = await loadChargesAttemptsStatement.rows(tx.client, values);

  const charges = new Map<string, Charge>();
  for (const order of orders.values()) {
    charges.set(order.order_id, { order, target: {}, operation: null, attempts: NO_ATTEMPTS });
  }
  for (const { order_id, source, value } of targets) {
    chargeOf(charges, order_id).target[source] = parseAmount(value);
  }
  for (const operation of operations) chargeOf(charges, operation.order_id).operation = operation;
  for (const { order_id, ...counts } of attempts) chargeOf(charges, order_id).attempts = counts;
  for (const charge of charges.values()) assertOperation(charge);
  return charges;
}

function chargeOf(charges: Map<string, Charge>, orderId: string): Charge {
  const charge = charges.get(orderId);
  if (charge === undefined)
    throw new Error(`order ${orderId} has events or operations but no row of its own`);
  return charge;
}

function assertOperation({ order, operation }: Charge): void {
  if (order.operation_id === (operation?.operation_id ?? null)) return;
  throw new Error(`order ${order.order_id} names operation ${order.operation_id}, which was never recorded`);
}
