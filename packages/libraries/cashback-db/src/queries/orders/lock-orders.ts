import { type Transaction, statement } from '@cashback/postgres';

// The one form of locking many rows that a distributed Postgres takes too. Every order is there already, so nothing
// is inserted, and nothing is updated; all are taken in one order, so that two transactions never wait for each other.
const lockOrdersStatement = statement({
  name: 'cashback.lock-orders',
  text: `
  INSERT INTO cashback.order_clears
    (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision)
  SELECT order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision
  FROM cashback.order_clears
  WHERE order_id = ANY($1::text[])
  ORDER BY order_id
  ON CONFLICT (order_id) DO UPDATE SET updated_at = order_clears.updated_at WHERE false`,
  columns: {},
});

/**
 * Locks the orders that exist until the transaction ends. A second statement reads them: this one would see them as
 * they were before it waited for their locks.
 */
export async function lockOrders(tx: Transaction, orderIds: readonly string[]): Promise<void> {
  if (orderIds.length === 0) return;
  await lockOrdersStatement.run(tx.client, [orderIds]);
}
