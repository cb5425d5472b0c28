import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import { migrate, migrationsFolder, startJobs } from '@cashback/postgres';
import { databaseExists, dropDatabase, recreateDatabase } from '../../database/databases.ts';
import { withClient } from '../../database/with-client.ts';
import type { IdForm } from '../order-ids.ts';
import { fillOrders } from './fill-orders.ts';
import { writeOrdersText } from './write-orders.ts';

/** A database that holds so many orders. Nobody measures in it: each measurement gets a copy. */
export interface FilledDatabase {
  name: string;
  orders: number;
}

interface FillOptions {
  server_url: string;
  orders: number;
  form: IdForm;
  /** Takes the database that an earlier run kept, if it is of the same making. */
  reuse: boolean;
  report: (what: string) => void;
  signal: AbortSignal;
}

const stopJobsMs = 5_000;

export async function openFilledDatabase(options: FillOptions): Promise<FilledDatabase> {
  const { server_url, orders, form, reuse, report } = options;
  const name = `cashback_bench_${orders}_${form}`;
  const making = makingOf(form);
  if (reuse && (await databaseExists(server_url, name)) && (await readMaking(server_url, name)) === making) {
    report(`the kept database of ${orders.toLocaleString('en')} orders is used again`);
    return { name, orders };
  }
  const url = await recreateDatabase(server_url, name);
  try {
    await migrate({ url, folder: migrationsFolder });
    await createChargeQueue(url);
    await fillOrders(url, options);
    // Written last: a fill that was cut short has none.
    await withClient(server_url, (client) => client.query(`COMMENT ON DATABASE ${name} IS '${making}'`));
  } catch (error) {
    await dropDatabase(server_url, name).catch(() => {});
    throw error;
  }
  return { name, orders };
}

/** Changes with whatever decides what a filled database looks like. */
function makingOf(form: IdForm): string {
  const hash = createHash('sha256');
  const files = globSync(['**/*.sql'], { cwd: migrationsFolder }).toSorted();
  for (const file of files) hash.update(readFileSync(path.join(migrationsFolder, file)));
  hash.update(writeOrdersText(form));
  return hash.digest('hex');
}

async function readMaking(serverUrl: string, name: string): Promise<string | null> {
  const { rows } = await withClient(serverUrl, (client) =>
    client.query<{ making: string | null }>(
      "SELECT shobj_description(oid, 'pg_database') AS making FROM pg_database WHERE datname = $1",
      [name],
    ),
  );
  return rows[0]?.making ?? null;
}

/** As the server does at its start; here, because the plain way runs without a server. */
async function createChargeQueue(url: string): Promise<void> {
  const jobs = await startJobs({
    database_url: url,
    jobs_schema: CASHBACK_JOBS_SCHEMA,
    queues: [chargeQueue],
    application_name: 'bench',
    log_error: (error) => process.stderr.write(`${error.message}\n`),
    listen: false,
  });
  await jobs.stop({ timeout_ms: stopJobsMs });
}
