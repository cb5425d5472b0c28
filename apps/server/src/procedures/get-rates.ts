import { findRates } from '@cashback/cashback-db';
import type { Reader } from '@cashback/postgres';
import { CashbackError, type OrderRates, type RatesGetInput } from '@cashback/contract';

/** The frozen rates of an order. Throws RATES_NOT_FOUND, which is retryable: a later put may add them. */
export async function getRates(reader: Reader, { order_id }: RatesGetInput): Promise<OrderRates> {
  const rates = await findRates(reader, order_id);
  if (rates === undefined) {
    throw new CashbackError('RATES_NOT_FOUND', `no rates were put for order ${order_id}`, { order_id });
  }
  return rates;
}
