import { createHash } from 'node:crypto';
import { databaseUrl, dropDatabase } from '../../database/databases.ts';
import { withClient } from '../../database/with-client.ts';
import { createOrdersDatabase, migrateDatabase } from './create-database.ts';
import { fillOrders } from './fill-orders.ts';
import type { FillOptions, OrdersDatabase } from './orders-database.ts';
import { writeOrders, writeOrdersText } from './write-orders.ts';

/** Enough that an insert of each of them in a random place leaves a twentieth of an index's pages untouched. */
const touchedShare = 1 / 20;
/** A kept database that grew beyond this share of what it should hold is filled again. */
const mostGrowth = 1.3;

/**
 * Filled once, and growing by what is measured.
 *
 * After a checkpoint the first change of each page puts the whole page into the log: at random places of large indexes,
 * that is two pages for each order. A busy database is past that after the first part of a cycle of many minutes, in
 * which each page changes dozens of times; so a run begins with orders that nobody measures. With `after_checkpoint`
 * each measurement is made at that first moment instead.
 */
export async function openLargeDatabase(options: FillOptions): Promise<OrdersDatabase> {
  const { server_url, orders, form, after_checkpoint, keep } = options;
  const name = `cashback_bench_${orders}_${form}`;
  const drop = async (): Promise<void> => {
    if (!keep) await dropDatabase(server_url, name);
  };
  const url = await fillOrReuse(name, options);
  try {
    await warm(url);
    if (!after_checkpoint) await leaveCheckpointBehind(url, options);
  } catch (error) {
    await drop().catch(() => {});
    throw error;
  }
  return {
    orders,
    async prepare() {
      await withClient(url, async (client) => {
        await client.query('TRUNCATE cashback_jobs.job');
        if (after_checkpoint) await client.query('CHECKPOINT');
      });
      return url;
    },
    drop,
  };
}

async function leaveCheckpointBehind(url: string, { orders, form, report }: FillOptions): Promise<void> {
  report(`filling: a checkpoint, and ${touchedShare * 100} % more orders after it`);
  await withClient(url, async (client) => {
    await client.query('CHECKPOINT');
    await writeOrders(client, { form, from: orders + 1, to: Math.round(orders * (1 + touchedShare)) });
  });
}

async function fillOrReuse(name: string, options: FillOptions): Promise<string> {
  const { server_url, form, keep, report } = options;
  const making = createHash('sha256').update(writeOrdersText(form)).digest('hex');
  if (keep && (await isUsable(name, making, options))) {
    report(`filling: ${name} is there from an earlier run`);
    const kept = databaseUrl(server_url, name);
    await migrateDatabase(kept);
    return kept;
  }
  const url = await createOrdersDatabase(server_url, name);
  try {
    await fillOrders(url, options);
    // Written last: a fill that was cut short has none.
    await withClient(server_url, (client) => client.query(`COMMENT ON DATABASE ${name} IS '${making}'`));
  } catch (error) {
    await dropDatabase(server_url, name).catch(() => {});
    throw error;
  }
  return url;
}

async function isUsable(name: string, making: string, { server_url, orders }: FillOptions): Promise<boolean> {
  const { rows } = await withClient(server_url, (client) =>
    client.query<{ making: string | null }>(
      "SELECT shobj_description(oid, 'pg_database') AS making FROM pg_database WHERE datname = $1",
      [name],
    ),
  );
  if (rows[0]?.making !== making) return false;
  const found = await withClient(databaseUrl(server_url, name), (client) =>
    client.query<{ estimate: number }>(
      "SELECT reltuples AS estimate FROM pg_class WHERE oid = 'cashback.order_clears'::regclass",
    ),
  );
  return Number(found.rows[0]?.estimate) <= orders * mostGrowth;
}

/** A database that has been serving has its indexes in memory. Where the extension is missing, it starts cold. */
async function warm(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query(
      "SELECT FROM pg_available_extensions WHERE name = 'pg_prewarm' AND (SELECT usesuper FROM pg_user WHERE usename = current_user)",
    );
    if (rowCount === 0) return;
    await client.query('CREATE EXTENSION IF NOT EXISTS pg_prewarm');
    await client.query(`
      SELECT pg_prewarm(indexrelid) FROM pg_index
      WHERE indrelid IN ('cashback.order_clears'::regclass, 'cashback.events'::regclass)`);
  });
}
