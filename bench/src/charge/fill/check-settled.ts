import type { Client } from 'pg';

interface Found {
  orders: string;
  operations: string;
  outcomes: string;
}

/**
 * Throws unless the database has exactly the expected number of orders, each settled with one applied operation whose
 * reward is the order's target.
 */
export async function checkSettled(client: Client, expected: number): Promise<void> {
  const { rows } = await client.query<Found>(
    `SELECT
       (SELECT count(*) FROM cashback.order_clears WHERE settled_revision = revision AND operation_id IS NULL
          AND attention IS NULL AND cashback_sum =
            (SELECT sum((reward->>'amount')::numeric) FROM jsonb_array_elements(rewarded) AS reward)) AS orders,
       (SELECT count(*) FROM cashback.operations) AS operations,
       (SELECT count(*) FROM cashback.operation_outcomes WHERE outcome = 'applied') AS outcomes`,
  );
  assertAll('the database has', rows[0], expected);
}

/** Throws unless `transactions` has exactly one successful operation for each of these invoices. */
export async function checkRewarded(client: Client, orderIds: readonly string[]): Promise<void> {
  const { rows } = await client.query<Found>(
    `WITH mine AS MATERIALIZED (
       SELECT invoice_id, status FROM transactions.cashback_operations WHERE invoice_id = ANY($1::text[])
     )
     SELECT (SELECT count(DISTINCT invoice_id) FROM mine) AS orders, count(*) AS operations,
       count(*) FILTER (WHERE status = 'success') AS outcomes
     FROM mine`,
    [orderIds],
  );
  assertAll('transactions has', rows[0], orderIds.length);
}

function assertAll(subject: string, found: Found | undefined, expected: number): void {
  const { orders = '0', operations = '0', outcomes = '0' } = found ?? {};
  if ([orders, operations, outcomes].every((count) => Number(count) === expected)) return;
  throw new Error(
    `${expected} orders should be settled with one operation each; ${subject} ${orders} such orders, ` +
      `${operations} operations and ${outcomes} applied ones`,
  );
}
