import { parseAmount } from '@cashback/contract/amount';
import type { Source, Vector } from '@cashback/contract/source';
import type { Transaction } from '@cashback/postgres';
import { type ChargeOrder, loadChargeOrders } from './load-charge-orders.ts';
import type { NewOperation } from './insert-operations.ts';

/** All that decides what is to be done for an order. */
export interface Charge {
  order: ChargeOrder;
  /** The newest event of each source. */
  target: Vector;
  /** The one that is not known to be finished. */
  operation: NewOperation | null;
  /**
   * Of the operations of this revision; failures only since the order was registered or resumed. `version`: the highest
   * one that an operation of any revision was sent with which was not rejected.
   */
  ended: { failed: number; failed_at: Date | null; rejected: number; version: number | null };
}

const targetsText = `
  SELECT DISTINCT ON (order_id, source) order_id, source, value
  FROM cashback.events
  WHERE order_id = ANY($1::text[])
  ORDER BY order_id, source, revision DESC`;

const operationsText = `
  SELECT sent.order_id, sent.operation_id, sent.revision, sent.version, sent.user_id, sent.wallet_id, sent.currency,
    sent.reward
  FROM cashback.order_clears AS stored
  JOIN cashback.operations AS sent
    ON sent.order_id = stored.order_id AND sent.operation_id = stored.operation_id
  WHERE stored.order_id = ANY($1::text[])`;

const endedText = `
  SELECT stored.order_id,
    count(*) FILTER (WHERE sent.revision = stored.revision AND ended.outcome = 'failed'
      AND ended.created_at >= stored.unsettled_since)::integer AS failed,
    max(ended.created_at) FILTER (WHERE sent.revision = stored.revision AND ended.outcome = 'failed'
      AND ended.created_at >= stored.unsettled_since) AS failed_at,
    count(*) FILTER (WHERE sent.revision = stored.revision AND ended.outcome = 'rejected')::integer AS rejected,
    max(sent.version) FILTER (WHERE ended.outcome <> 'rejected') AS version
  FROM cashback.order_clears AS stored
  JOIN cashback.operations AS sent ON sent.order_id = stored.order_id
  JOIN cashback.operation_outcomes AS ended
    ON ended.order_id = sent.order_id AND ended.operation_id = sent.operation_id
  WHERE stored.order_id = ANY($1::text[])
  GROUP BY stored.order_id`;

type Ended = Charge['ended'] & { order_id: string };

/** The orders by id, for a transaction that holds their locks: its statements then all see the same. */
export async function loadCharges(
  tx: Transaction,
  orderIds: readonly string[],
): Promise<Map<string, Charge>> {
  if (orderIds.length === 0) return new Map();
  const orders = await loadChargeOrders(tx, orderIds);
  const values = [orderIds];
  const targets = await tx.client.query<{ order_id: string; source: Source; value: string }>({
    name: 'cashback.load-charges.targets',
    text: targetsText,
    values,
  });
  const operations = await tx.client.query<NewOperation>({
    name: 'cashback.load-charges.operations',
    text: operationsText,
    values,
  });
  const ended = await tx.client.query<Ended>({
    name: 'cashback.load-charges.ended',
    text: endedText,
    values,
  });

  const charges = new Map<string, Charge>();
  for (const order of orders.values()) {
    const none = { failed: 0, failed_at: null, rejected: 0, version: null };
    charges.set(order.order_id, { order, target: {}, operation: null, ended: none });
  }
  for (const { order_id, source, value } of targets.rows) {
    chargeOf(charges, order_id).target[source] = parseAmount(value);
  }
  for (const operation of operations.rows) chargeOf(charges, operation.order_id).operation = operation;
  for (const { order_id, ...counts } of ended.rows) chargeOf(charges, order_id).ended = counts;
  for (const charge of charges.values()) assertOperation(charge);
  return charges;
}

function chargeOf(charges: Map<string, Charge>, orderId: string): Charge {
  const charge = charges.get(orderId);
  if (charge === undefined)
    throw new Error(`order ${orderId} has events or operations and no row of its own`);
  return charge;
}

function assertOperation({ order, operation }: Charge): void {
  if (order.operation_id === (operation?.operation_id ?? null)) return;
  throw new Error(`order ${order.order_id} names operation ${order.operation_id}, which was never recorded`);
}
