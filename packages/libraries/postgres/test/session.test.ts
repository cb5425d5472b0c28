import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createTestDatabase, untilEqual } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { connectClient } from '../src/connection/connect-client.ts';
import { defineQueue, openDatabase, startJobs, waitForDatabase } from '../src/index.ts';
import { type PgBouncer, hasPgBouncer, startPgBouncer } from '@cashback/proxies/pgbouncer';

const role = 'cashback_worker';
const schema = 'cashback_jobs';
/** Defaults that a server, a database or a login may have, each of them unfit for our statements. */
const UNFIT = {
  jit: 'on',
  jit_above_cost: '0',
  datestyle: 'German',
  timezone: 'Asia/Kathmandu',
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  synchronous_commit: 'off',
};

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  const admin = openDatabase({ url: testDatabase.url, application_name: 'admin' });
  const name = new URL(testDatabase.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(UNFIT)) {
    await admin.pool.query(`ALTER DATABASE ${name} SET ${setting} = '${value}'`);
  }
  await admin.close();
});

afterAll(() => testDatabase?.drop());

async function readSession(client: Pick<pg.ClientBase, 'query'>): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name
     UNION ALL SELECT 'user', current_user`,
    [
      [
        'jit',
        'datestyle',
        'timezone',
        'default_transaction_isolation',
        'default_transaction_read_only',
        'synchronous_commit',
        'lock_timeout',
        'enable_sort',
      ],
    ],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

const fit = {
  jit: 'off',
  datestyle: 'ISO, MDY',
  timezone: 'UTC',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  synchronous_commit: 'on',
};

describe('with any defaults of the database, the required settings are set on', () => {
  test('every connection of a pool', async () => {
    const settings = {
      url: testDatabase.url,
      role,
      application_name: 'session-test',
      lock_timeout_ms: 1_234,
    };
    const database = openDatabase({ ...settings, session: { enable_sort: 'off' } });
    const clients = [await database.pool.connect(), await database.pool.connect()];
    for (const client of clients) {
      expect(await readSession(client)).toEqual({
        ...fit,
        user: role,
        lock_timeout: '1234ms',
        enable_sort: 'off',
      });
      client.release();
    }
    await database.close();
  });

  test('a connection outside any pool', async () => {
    const client = await connectClient({ url: testDatabase.url, role, application_name: 'session-test' });
    expect(await readSession(client)).toMatchObject({ ...fit, user: role });
    await client.end();
  });
});

test('a stronger durability than ours stays', async () => {
  const url = new URL(testDatabase.url);
  url.searchParams.set('options', '-c synchronous_commit=remote_apply');
  const client = await connectClient({ url: url.href, application_name: 'session-test' });
  expect(await readSession(client)).toMatchObject({ synchronous_commit: 'remote_apply' });
  await client.end();
});

test('a session that cannot be set up fails the connection, not the process', async () => {
  const database = openDatabase({
    url: testDatabase.url,
    application_name: 'session-test',
    session: { no_such_setting: '1' },
  });
  await expect(database.pool.query('SELECT 1')).rejects.toThrow(/no_such_setting/);
  expect(database.pool.totalCount).toBe(0);
  await database.close();
});

describe.skipIf(!hasPgBouncer)(
  'through PgBouncer with its defaults, which takes no settings with a connection',
  () => {
    let pooler: PgBouncer;
    beforeAll(async () => {
      pooler = await startPgBouncer(testDatabase.url);
      await waitForDatabase({ url: pooler.url, timeout_ms: 60_000 });
    });
    afterAll(() => pooler?.stop());

    test('every connection has what we rely on, and no settings of the one before', async () => {
      const first = openDatabase({
        url: pooler.url,
        role,
        application_name: 'first',
        session: { enable_sort: 'off' },
      });
      expect(await readSession(first.pool)).toMatchObject({ ...fit, user: role, enable_sort: 'off' });
      await first.close();
      const second = await connectClient({ url: pooler.url, application_name: 'second' });
      expect(await readSession(second)).toMatchObject({ ...fit, user: 'postgres', enable_sort: 'on' });
      await second.end();
    });

    test('a job is picked up by its notification', async () => {
      const queue = defineQueue({ name: 'through_a_pooler', schema, payload: z.object({ n: z.number() }) });
      const jobs = await startJobs({
        database_url: pooler.url,
        role,
        jobs_schema: schema,
        queues: [queue],
        application_name: 'session-test',
        log_error: () => {},
      });
      const numbers: number[] = [];
      await jobs.work(queue, { poll_seconds: 600 }, async (batch) => {
        numbers.push(...batch.map(({ payload }) => payload.n));
      });
      await jobs.enqueue(queue, [{ key: 'a', payload: { n: 1 } }]);
      await untilEqual(() => numbers, [1]);
      await jobs.stop({ timeout_ms: 5_000 });
    });
  },
);
