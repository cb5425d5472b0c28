import type { OrderRates } from '@cashback/contract';
import type { Reader } from '@cashback/postgres';

const text = 'SELECT order_id, service, rates FROM cashback.order_rates WHERE order_id = $1';

/** The frozen rates of an order; undefined when none were put. */
export async function findRates(reader: Reader, orderId: string): Promise<OrderRates | undefined> {
  const { rows } = await reader.query<OrderRates>({ name: 'cashback.find-rates', text, values: [orderId] });
  return rows[0];
}
