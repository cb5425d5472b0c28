import type { Transaction } from '@cashback/postgres';

const text = `
  UPDATE processing.invoice_changes
  SET attention = NULL, failures = 0, waiting_since = NULL, next_look_at = now(), updated_at = now()
  WHERE order_id = ANY($1::text[]) AND attention IS NOT NULL
  RETURNING order_id`;

/** Takes the orders out of `attention`; returns those that needed it. */
export async function resumeOrders({ client }: Transaction, orderIds: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ order_id: string }>({
    name: 'resume_orders',
    text,
    values: [orderIds],
  });
  return rows.map(({ order_id }) => order_id);
}
