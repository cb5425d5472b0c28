import { type Reader, statement } from '@cashback/postgres';

const findOrdersStatement = statement<{ order_id: string }>({
  name: 'cashback.find-orders',
  text: 'SELECT order_id FROM cashback.order_clears WHERE order_id = ANY($1::text[])',
  columns: { order_id: 'text' },
});

/** The ids whose order exists. Orders are never deleted, so the result stays true. */
export async function findOrders(reader: Reader, orderIds: readonly string[]): Promise<Set<string>> {
  if (orderIds.length === 0) return new Set();
  const rows = await findOrdersStatement.rows(reader, [orderIds]);
  return new Set(rows.map((row) => row.order_id));
}
