import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { migrate, migrationsFolder, waitForDatabase } from '@cashback/postgres';
import { watchParents } from '@cashback/system/parent-watch';
import type { TestProject } from 'vitest/node';
import { databaseUrl as ownDatabaseUrl } from '@cashback/postgres/env';
import { databaseUrl, withServer } from './test-database.ts';

type Server = { url: string; stop(): Promise<void> };

const waitTimeoutMs = 60_000;
/** After the parent of the run is gone, the server gets this long to stop. It also ends by itself with this process. */
const orphanTimeoutMs = 5_000;
/** The run's process id follows, so that a later run can remove the data of a killed one. */
const DIRECTORY_PREFIX = 'cashback-test-';

/** Killed processes lose nothing by it, only a power cut would: the server of a test run does not outlive one. */
const WITHOUT_FSYNC = { fsync: 'off', full_page_writes: 'off' };

/**
 * Once per test run: a server of the run's own, unless DATABASE_URL names one, and on it the template that
 * `createTestDatabase` copies. Returns the teardown.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  const template = `cashback_test_${randomBytes(4).toString('hex')}`;
  const endWatch = watchParents(() => {
    setTimeout(() => process.exit(1), orphanTimeoutMs);
    void server.stop().finally(() => process.exit(1));
  });
  const tearDown = async (): Promise<void> => {
    endWatch();
    try {
      await dropDatabases(server.url, template);
    } finally {
      await server.stop();
    }
  };
  try {
    await withServer(server.url, async (client) => {
      await client.query(`CREATE DATABASE ${template}`);
    });
    await migrate({ url: databaseUrl(server.url, template), folder: migrationsFolder });
  } catch (error) {
    await tearDown().catch(() => {});
    throw error;
  }
  project.provide('postgres_url', server.url);
  project.provide('template_database', template);
  return tearDown;
}

async function startServer(): Promise<Server> {
  if (ownDatabaseUrl !== undefined) {
    await waitForDatabase({ url: ownDatabaseUrl, timeout_ms: waitTimeoutMs });
    return { url: ownDatabaseUrl, stop: async () => {} };
  }
  await removeLeftovers();
  const directory = await mkdtemp(join(tmpdir(), `${DIRECTORY_PREFIX}${process.pid}-`));
  // Under root the server runs as another account, which must be able to enter.
  await chmod(directory, 0o755);
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    const embedded = await startEmbeddedPostgres({
      data_dir: join(directory, 'data'),
      settings: WITHOUT_FSYNC,
    });
    return {
      url: embedded.url,
      stop: async () => {
        try {
          await embedded.stop();
        } finally {
          await remove();
        }
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A killed run could not remove its data; its server ended with it. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^cashback-test-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || existsSync(`/proc/${pid}`) || !existsSync('/proc/self')) continue;
    // A directory of another user cannot be removed.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

/** The template, and the copies that a test file did not drop. */
async function dropDatabases(url: string, template: string): Promise<void> {
  await withServer(url, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [template],
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  });
}
