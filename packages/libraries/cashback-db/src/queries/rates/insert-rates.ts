import type { OrderRates } from '@cashback/contract';
import { type Reader, statement } from '@cashback/postgres';

const insertRatesStatement = statement({
  name: 'cashback.insert-rates',
  text: `
  INSERT INTO cashback.order_rates (order_id, service, rates) VALUES ($1, $2, $3::jsonb)
  ON CONFLICT (order_id) DO NOTHING`,
  columns: {},
});

/** Freezes an order's rates. False, and nothing is written, when it has some already. */
export async function insertRates(reader: Reader, rates: OrderRates): Promise<boolean> {
  const rowCount = await insertRatesStatement.run(reader, [
    rates.order_id,
    rates.service,
    JSON.stringify(rates.rates),
  ]);
  return rowCount === 1;
}
