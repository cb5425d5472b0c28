import { findRates, insertRates } from '@cashback/cashback-db';
import type { Reader } from '@cashback/postgres';
import {
  CashbackError,
  type OrderRate,
  type OrderRates,
  SOURCES,
  formatAmount,
  formatRate,
  parseAmount,
  parseRate,
} from '@cashback/contract';

/** Freezes an order's rates. Repeating equal rates is harmless, in any notation. Throws RATES_CONFLICT for others. */
export async function putRates(reader: Reader, input: OrderRates): Promise<OrderRates> {
  const received = canonical(input);
  if (await insertRates(reader, received)) return received;
  // Rates are never changed or deleted, so the row that stopped the insert is still there.
  const stored = await findRates(reader, received.order_id);
  if (stored === undefined) throw new Error(`rates of ${received.order_id} were neither written nor found`);
  if (JSON.stringify(canonical(stored)) === JSON.stringify(received)) return received;
  throw new CashbackError(
    'RATES_CONFLICT',
    `rates of an order are frozen at the first put: expected ${describe(stored)}, got ${describe(received)}`,
    { order_id: received.order_id, stored: shown(stored), received: shown(received) },
  );
}

/** One form for equal rates: shortest rate, amounts with four places, sources and fields in a fixed order. */
function canonical({ order_id, service, rates }: OrderRates): OrderRates {
  return {
    order_id,
    service,
    rates: rates
      .toSorted((left, right) => SOURCES.indexOf(left.source) - SOURCES.indexOf(right.source))
      .map(({ source, rate, max_value }): OrderRate => ({
        source,
        rate: formatRate(parseRate(rate)),
        ...(max_value !== undefined && { max_value: formatAmount(parseAmount(max_value)) }),
      })),
  };
}

function shown({ service, rates }: OrderRates): Omit<OrderRates, 'order_id'> {
  return { service, rates };
}

function describe({ service, rates }: OrderRates): string {
  const list = rates.map(({ source, rate, max_value }) =>
    max_value === undefined ? `${source} ${rate}` : `${source} ${rate} up to ${max_value}`,
  );
  return `${service}: ${list.join(', ')}`;
}
