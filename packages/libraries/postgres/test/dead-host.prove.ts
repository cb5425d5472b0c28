import { startFaultyTcpProxy } from '@cashback/proxies';
import type { FaultyTcpProxy } from '@cashback/proxies';
import { createTestDatabase, readUntil, untilEqual } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { connectClient } from '../src/connection/connect-client.ts';
import { explainDatabaseError } from '../src/errors/explain-database-error.ts';
import { type Database, defineQueue, openDatabase, startJobs, withTransaction } from '../src/index.ts';

const unavailable = { code: 'ETIMEDOUT' };

let testDatabase: TestDatabase;
let proxy: FaultyTcpProxy;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase?.drop());
beforeEach(async () => {
  proxy = await startFaultyTcpProxy(testDatabase.url);
  database = openDatabase({
    url: proxy.url,
    application_name: 'dead-host',
    max_connections: 3,
    statement_timeout_ms: 500,
  });
});
afterEach(async () => {
  await database?.close();
  await proxy?.stop();
});

/** As many connections as the pool may have, all idle. */
async function fill(): Promise<void> {
  const clients = await Promise.all([1, 2, 3].map(() => database.pool.connect()));
  for (const client of clients) client.release();
  expect(database.pool.totalCount).toBe(3);
}

describe('when the host of the open connections is gone without a reset, and new ones work', () => {
  test('a statement fails within its deadline, as an unavailable database', async () => {
    await fill();
    proxy.freeze();
    const error: unknown = await database.pool.query('SELECT 1').catch((error: unknown) => error);
    expect(error).toMatchObject(unavailable);
    expect(explainDatabaseError(error)).toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryable: true });
  });

  test('the first missing answer takes every idle connection with it', async () => {
    await fill();
    proxy.freeze();
    await expect(database.pool.query('SELECT 1')).rejects.toMatchObject(unavailable);
    for (let n = 0; n < 3; n += 1) {
      expect((await database.pool.query<{ n: number }>('SELECT $1::int4 AS n', [n])).rows).toEqual([{ n }]);
    }
  });

  test('a transaction fails, and its connection never returns to the pool', async () => {
    const work = withTransaction(database, async ({ client }) => {
      await client.query('CREATE TABLE never_committed (id int)');
      proxy.freeze();
      await client.query('SELECT 1');
    });
    await expect(work).rejects.toMatchObject(unavailable);
    expect(database.pool.totalCount).toBe(0);
    const { rows } = await database.pool.query<{ found: string | null }>(
      `SELECT to_regclass('never_committed') AS found`,
    );
    expect(rows).toEqual([{ found: null }]);
  });

  test('a COMMIT without an answer is an unknown outcome, and is not repeated', async () => {
    let runs = 0;
    const work = withTransaction(database, async () => {
      runs += 1;
      proxy.freeze();
    });
    await expect(work).rejects.toMatchObject(unavailable);
    expect(runs).toBe(1);
  });

  test('a connection outside any pool has the deadline, too', async () => {
    const client = await connectClient({
      url: proxy.url,
      application_name: 'dead-host',
      statement_timeout_ms: 500,
    });
    proxy.freeze();
    await expect(client.query('SELECT 1')).rejects.toMatchObject(unavailable);
    await client.end();
  });

  test('closing does not wait for the statements of connections that are gone', async () => {
    const endless = openDatabase({
      url: proxy.url,
      application_name: 'dead-host',
      statement_timeout_ms: 0,
    });
    const client = await endless.pool.connect();
    proxy.freeze();
    const failed = expect(client.query('SELECT 1')).rejects.toThrow('Connection terminated');
    await endless.close();
    await failed;
    client.release();
  });

  test('an app that is to stop waits for answers within a bound', async () => {
    const endless = openDatabase({
      url: proxy.url,
      application_name: 'dead-host',
      statement_timeout_ms: 0,
    });
    await endless.pool.query('SELECT 1');
    proxy.freeze();
    const failed = expect(endless.pool.query('SELECT 1')).rejects.toMatchObject(unavailable);
    endless.connections.limitWaits(500);
    await failed;
    await endless.close();
  });

  test('connections that wait too long for an answer are counted', async () => {
    const slow = openDatabase({ url: proxy.url, application_name: 'dead-host', max_connections: 1 });
    await slow.pool.query('SELECT 1');
    expect(slow.connections.state()).toEqual({ open: 1, silent: 0, max: 1 });
    proxy.freeze();
    const failed = expect(slow.pool.query('SELECT 1')).rejects.toMatchObject(unavailable);
    await untilEqual(() => slow.connections.state(), { open: 1, silent: 1, max: 1 });
    slow.connections.limitWaits(1);
    await failed;
    await slow.close();
  });

  test('jobs are fetched again over new connections', async () => {
    const queue = defineQueue({
      name: 'dead_host',
      schema: 'cashback_jobs',
      payload: z.object({ n: z.number() }),
    });
    const jobs = await startJobs({
      database_url: proxy.url,
      role: 'cashback_worker',
      jobs_schema: 'cashback_jobs',
      queues: [queue],
      application_name: 'dead-host',
      log_error: () => {},
    });
    const done: number[] = [];
    await jobs.work(queue, {}, async (batch) => void done.push(...batch.map(({ payload }) => payload.n)));
    await jobs.enqueue(queue, [{ key: '1', payload: { n: 1 } }]);
    await untilEqual(() => done, [1]);
    proxy.freeze();
    const direct = await startJobs({
      database_url: testDatabase.url,
      role: 'cashback_server',
      jobs_schema: 'cashback_jobs',
      queues: [queue],
      application_name: 'dead-host',
      log_error: () => {},
      listen: false,
    });
    await direct.enqueue(queue, [{ key: '2', payload: { n: 2 } }]);
    await readUntil(
      () => done,
      (seen) => seen.includes(2),
    );
    await direct.stop({ timeout_ms: 1_000 });
    await jobs.stop({ timeout_ms: 1_000 });
  });
});

test('a statement that takes long on a host that is there is ended by Postgres, and its connection stays', async () => {
  const [before] = (await database.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
  await expect(withTransaction(database, ({ client }) => client.query('SELECT pg_sleep(2)'))).rejects.toThrow(
    'statement timeout',
  );
  const [after] = (await database.pool.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
  expect(after).toEqual(before);
});

test('statements that follow each other on one connection have a deadline each', async () => {
  // Each takes a fraction of its deadline, and all of them more than one of ours, which is three seconds longer.
  const patient = openDatabase({
    url: proxy.url,
    application_name: 'dead-host',
    statement_timeout_ms: 1_500,
  });
  await withTransaction(patient, async ({ client }) => {
    for (let n = 0; n < 12; n += 1) await client.query('SELECT pg_sleep(0.4)');
    await Promise.all(Array.from({ length: 12 }, () => client.query('SELECT pg_sleep(0.4)')));
  });
  await patient.close();
});
