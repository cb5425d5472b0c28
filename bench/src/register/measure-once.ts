import { withClient } from '../database/with-client.ts';
import { checkRows, nextTransactionId } from './check-rows.ts';
import type { OrdersDatabase } from './fill/orders-database.ts';
import type { MeasureOptions, Measurement } from './measurement.ts';
import { measurePlain } from './plain/measure-plain.ts';
import { measureServed } from './served/measure-served.ts';
import type { Way } from './ways.ts';

/** Throws when a call failed, or when the tables do not hold exactly the acknowledged orders. */
export async function measureOnce(
  database: OrdersDatabase,
  way: Way,
  options: MeasureOptions,
): Promise<Measurement> {
  const url = await database.prepare();
  const from = await withClient(url, nextTransactionId);
  const { measurement, acknowledged } =
    way === 'plain' ? await measurePlain({ url, ...options }) : await measureServed({ way, url, ...options });
  await withClient(url, (client) => checkRows(client, { from, acknowledged }));
  return measurement;
}
