import type { OrderRates } from '@cashback/contract';
import { type Reader, statement } from '@cashback/postgres';

const findRatesStatement = statement<OrderRates>({
  name: 'cashback.find-rates',
  text: 'SELECT order_id, service, rates FROM cashback.order_rates WHERE order_id = $1',
  columns: { order_id: 'text', service: 'text', rates: 'jsonb' },
});

/** The frozen rates of an order; undefined when none were put. */
export async function findRates(reader: Reader, orderId: string): Promise<OrderRates | undefined> {
  const rows = await findRatesStatement.rows(reader, [orderId]);
  return rows[0];
}
