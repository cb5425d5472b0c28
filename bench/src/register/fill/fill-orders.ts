import { withClient } from '../../database/with-client.ts';
import type { IdForm } from '../order-ids.ts';
import { dropIndexes } from './indexes.ts';
import { writeOrders } from './write-orders.ts';

const ordersPerStatement = 250_000;
const tables = ['cashback.order_clears', 'cashback.events'];

/** For a session that only fills: nothing is acknowledged, and everything is flushed at the end. */
const sessionSettings = `
  SET synchronous_commit = off;
  SET work_mem = '256MB';
  SET maintenance_work_mem = '1GB'`;

/**
 * Writes settled orders into a migrated, empty database, and leaves it in the state of a long-running one: analysed,
 * vacuumed and flushed.
 */
export async function fillOrders(
  url: string,
  options: { orders: number; form: IdForm; report: (what: string) => void; signal: AbortSignal },
): Promise<void> {
  const { orders, form, report, signal } = options;
  await withClient(url, async (client) => {
    await client.query(sessionSettings);
    const rebuild = await dropIndexes(client, tables);
    for (let from = 1; from <= orders; from += ordersPerStatement) {
      signal.throwIfAborted();
      const to = Math.min(orders, from + ordersPerStatement - 1);
      await writeOrders(client, { form, from, to });
      report(`filling: ${to.toLocaleString('en')} of ${orders.toLocaleString('en')} orders written`);
    }
    await rebuild((index) => {
      report(`filling: index ${index} built`);
      signal.throwIfAborted();
    });
    for (const table of tables) await client.query(`VACUUM (FREEZE, ANALYZE) ${table}`);
    await client.query('CHECKPOINT');
  });
}
