import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import { migrate, migrationsFolder, startJobs } from '@cashback/postgres';
import { dropDatabase, recreateDatabase } from '../../database/databases.ts';

const stopJobsMs = 5_000;

/** Replaces the database with this name by a migrated one with the server's queue and no orders. Returns its URL. */
export async function createOrdersDatabase(serverUrl: string, name: string): Promise<string> {
  const url = await recreateDatabase(serverUrl, name);
  try {
    await migrateDatabase(url);
  } catch (error) {
    await dropDatabase(serverUrl, name).catch(() => {});
    throw error;
  }
  return url;
}

/** Brings a database up to date, as a deployment and a start of the server do. */
export async function migrateDatabase(url: string): Promise<void> {
  await migrate({ url, folder: migrationsFolder });
  await createChargeQueue(url);
}

/** The plain way runs without a server that would create the queue. */
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
