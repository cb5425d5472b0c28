import type { Client } from 'pg';
import type { BenchOrder } from './bench-order.ts';

const ordersPerStatement = 5_000;

/** Inserts the rows of a first register of each order, without its job. */
const ordersText = `
  WITH input AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::numeric[])
      AS input (order_id, user_id, wallet_id, currency, of_user, of_service)
  ), written AS (
    INSERT INTO cashback.order_clears
      (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision)
    SELECT order_id, 'yellow', user_id, wallet_id, currency, 1, 1000, of_user + of_service, 1 FROM input
  )
  INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
  SELECT order_id, source, value, 1, 1
  FROM input CROSS JOIN LATERAL (VALUES ('user', of_user), ('service', of_service)) AS part (source, value)`;

/** Inserts the rows of their invoices in `transactions`, with all callbacks delivered. */
const invoicesText = `
  WITH input AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
      AS input (invoice_id, user_id, wallet_id, currency)
  ), paid AS (
    SELECT '[{"payment_type":"card","items":[{"item_id":"ride","amount":"1000.0000"}]}]'::jsonb AS payments
  ), written AS (
    INSERT INTO transactions.invoices
      (invoice_id, service, user_id, wallet_id, currency, status, payments, epoch)
    SELECT invoice_id, 'yellow', user_id, wallet_id, currency, 'cleared', payments,
      (SELECT max(epoch) FROM transactions.feed_epochs)
    FROM input, paid
  )
  INSERT INTO transactions.invoice_history (invoice_id, version, status, payments, captured_sum, changed_by)
  SELECT invoice_id, 1, 'cleared', payments, 1000, 'bench' FROM input, paid`;

export async function writeOrders(client: Client, orders: readonly BenchOrder[]): Promise<void> {
  for (const some of pagesOf(orders, ordersPerStatement)) {
    await client.query({
      name: 'write-orders',
      text: ordersText,
      values: [
        ...payeesOf(some),
        some.map((one) => one.target[0]?.amount),
        some.map((one) => one.target[1]?.amount),
      ],
    });
  }
}

export async function writeInvoices(client: Client, orders: readonly BenchOrder[]): Promise<void> {
  for (const some of pagesOf(orders, ordersPerStatement)) {
    await client.query({ name: 'write-invoices', text: invoicesText, values: payeesOf(some) });
  }
}

function payeesOf(orders: readonly BenchOrder[]): unknown[] {
  return [
    orders.map((order) => order.order_id),
    orders.map((order) => order.user_id),
    orders.map((order) => order.wallet_id),
    orders.map((order) => order.currency),
  ];
}

export function pagesOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, page) =>
    items.slice(page * size, (page + 1) * size),
  );
}
