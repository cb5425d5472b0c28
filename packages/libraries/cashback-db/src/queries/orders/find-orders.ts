import type { Reader } from '@cashback/postgres';

const text = 'SELECT order_id FROM cashback.order_clears WHERE order_id = ANY($1::text[])';

/** Those of the ids whose order exists. Orders are never deleted, so what is found stays. */
export async function findOrders(reader: Reader, orderIds: readonly string[]): Promise<Set<string>> {
  if (orderIds.length === 0) return new Set();
  const { rows } = await reader.query<{ order_id: string }>({
    name: 'cashback.find-orders',
    text,
    values: [orderIds],
  });
  return new Set(rows.map((row) => row.order_id));
}
