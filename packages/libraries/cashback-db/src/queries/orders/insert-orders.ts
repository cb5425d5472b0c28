import { type Amount, formatAmount } from '@cashback/contract/amount';
import { type Transaction, statement } from '@cashback/postgres';

/** An order as its first register writes it: revision 1, not settled, to be charged at once. */
export interface NewOrder {
  order_id: string;
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  invoice_epoch: number;
  invoice_version: number;
  cleared_sum: Amount;
  cashback_sum: Amount;
  receipt: Record<string, unknown> | null;
}

// The rows that exist are locked without being written; all are taken in one order, so that two transactions
// never wait for each other.
const insertOrdersStatement = statement<{ order_id: string }>({
  name: 'cashback.insert-orders',
  text: `
  INSERT INTO cashback.order_clears
    (order_id, service, user_id, wallet_id, currency, invoice_epoch, invoice_version, cleared_sum, cashback_sum, revision,
     receipt)
  SELECT order_id, service, user_id, wallet_id, currency, invoice_epoch, invoice_version, cleared_sum, cashback_sum, 1,
    receipt::jsonb
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::numeric[],
      $9::numeric[], $10::text[])
    AS input (order_id, service, user_id, wallet_id, currency, invoice_epoch, invoice_version, cleared_sum, cashback_sum,
      receipt)
  ORDER BY order_id COLLATE "C"
  ON CONFLICT (order_id) DO UPDATE SET updated_at = order_clears.updated_at WHERE false
  RETURNING order_id`,
  columns: { order_id: 'text' },
});

/**
 * Writes the orders that do not exist and locks those that do until the transaction ends. Returns the ids of the
 * written ones. Order ids must be distinct. A second statement reads the others: this one would see them as they were
 * before it waited for their locks.
 */
export async function insertOrders(tx: Transaction, orders: readonly NewOrder[]): Promise<Set<string>> {
  if (orders.length === 0) return new Set();
  const rows = await insertOrdersStatement.rows(tx.client, [
    orders.map((order) => order.order_id),
    orders.map((order) => order.service),
    orders.map((order) => order.user_id),
    orders.map((order) => order.wallet_id),
    orders.map((order) => order.currency),
    orders.map((order) => order.invoice_epoch),
    orders.map((order) => order.invoice_version),
    orders.map((order) => formatAmount(order.cleared_sum)),
    orders.map((order) => formatAmount(order.cashback_sum)),
    orders.map((order) => order.receipt && JSON.stringify(order.receipt)),
  ]);
  return new Set(rows.map((row) => row.order_id));
}
