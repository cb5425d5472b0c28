import { createHash } from 'node:crypto';
import { databaseUrl, dropDatabase } from '../../database/databases.ts';
import { withClient } from '../../database/with-client.ts';
import { createOrdersDatabase, migrateDatabase } from './create-database.ts';
import { fillOrders } from './fill-orders.ts';
import type { FillOptions, OrdersDatabase } from './orders-database.ts';
import { writeOrders, writeOrdersText } from './write-orders.ts';

/** Inserting this share of orders at random places leaves a twentieth of an index's pages untouched. */
const touchedShare = 1 / 20;
/** A kept database beyond this multiple of its orders is filled again. */
const maxGrowth = 1.3;

/**
 * A database that is filled once and grows by the measured orders.
 *
 * After a checkpoint the first change of each page logs the whole page: two pages per order at random places of large
 * indexes. A busy database changes each page dozens of times between checkpoints, so a run begins with orders that
 * are not measured. With `after_checkpoint` each measurement starts right after a checkpoint instead.
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
  report(`filling: a checkpoint, then ${touchedShare * 100} % more orders`);
  await withClient(url, async (client) => {
    await client.query('CHECKPOINT');
    await writeOrders(client, { form, from: orders + 1, to: Math.round(orders * (1 + touchedShare)) });
  });
}

async function fillOrReuse(name: string, options: FillOptions): Promise<string> {
  const { server_url, form, keep, report } = options;
  const recipe = createHash('sha256').update(writeOrdersText(form)).digest('hex');
  if (keep && (await isUsable(name, recipe, options))) {
    report(`filling: reusing ${name} of an earlier run`);
    const kept = databaseUrl(server_url, name);
    await migrateDatabase(kept);
    return kept;
  }
  const url = await createOrdersDatabase(server_url, name);
  try {
    await fillOrders(url, options);
    // Written last, so that an interrupted fill has none.
    await withClient(server_url, (client) => client.query(`COMMENT ON DATABASE ${name} IS '${recipe}'`));
  } catch (error) {
    await dropDatabase(server_url, name).catch(() => {});
    throw error;
  }
  return url;
}

async function isUsable(name: string, recipe: string, { server_url, orders }: FillOptions): Promise<boolean> {
  const { rows } = await withClient(server_url, (client) =>
    client.query<{ recipe: string | null }>(
      "SELECT shobj_description(oid, 'pg_database') AS recipe FROM pg_database WHERE datname = $1",
      [name],
    ),
  );
  if (rows[0]?.recipe !== recipe) return false;
  const found = await withClient(databaseUrl(server_url, name), (client) =>
    client.query<{ estimate: number }>(
      "SELECT reltuples AS estimate FROM pg_class WHERE oid = 'cashback.order_clears'::regclass",
    ),
  );
  return Number(found.rows[0]?.estimate) <= orders * maxGrowth;
}

/** Loads the indexes into memory, as in a database in use. Without the extension it starts cold. */
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
