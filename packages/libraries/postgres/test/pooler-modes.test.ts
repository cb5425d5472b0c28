import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase, untilEqual } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate, migrationsFolder, openDatabase, waitForDatabase } from '../src/index.ts';
import { type PgBouncer, hasPgBouncer, startPgBouncer } from '@cashback/proxies/pgbouncer';

const refusal = {
  name: 'DatabaseSetupError',
  expected: true,
  message: expect.stringContaining('set pool_mode = session') as unknown,
};

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
});
afterAll(() => testDatabase?.drop());

/** The pooler listens a moment after it was started. */
async function untilItListens(pooler: PgBouncer): Promise<void> {
  const database = openDatabase({ url: pooler.url, application_name: 'test' });
  const listens = (): Promise<boolean> =>
    database.pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
  await untilEqual(listens, true);
  await database.close();
}

test('without a pooler in front the database is taken at once', async () => {
  await waitForDatabase({ url: testDatabase.url, timeout_ms: 60_000 });
});

describe.skipIf(!hasPgBouncer)('a pooler that shares the sessions of Postgres is refused at start', () => {
  test.each([
    ['in transaction mode', { pool_mode: 'transaction' }],
    ['in transaction mode, with round robin', { pool_mode: 'transaction', server_round_robin: 1 }],
    ['in transaction mode, with one session', { pool_mode: 'transaction', default_pool_size: 1 }],
    ['in statement mode', { pool_mode: 'statement' }],
  ])('%s, with the reason and the way out', async (_, settings) => {
    const pooler = await startPgBouncer(testDatabase.url, settings);
    try {
      await untilItListens(pooler);
      await expect(waitForDatabase({ url: pooler.url, timeout_ms: 60_000 })).rejects.toMatchObject(refusal);
    } finally {
      pooler.stop();
    }
  });

  test('while other clients keep its sessions busy', async () => {
    const pooler = await startPgBouncer(testDatabase.url, { pool_mode: 'transaction', default_pool_size: 5 });
    const others = openDatabase({ url: pooler.url, application_name: 'others', max_connections: 4 });
    const stopping = new AbortController();
    try {
      await untilItListens(pooler);
      const busy = [1, 2, 3, 4].map(async () => {
        while (!stopping.signal.aborted) {
          await others.pool.query('SELECT pg_sleep(0.005)');
          await delay(1);
        }
      });
      await expect(waitForDatabase({ url: pooler.url, timeout_ms: 60_000 })).rejects.toMatchObject(refusal);
      stopping.abort();
      await Promise.all(busy);
    } finally {
      stopping.abort();
      await others.close();
      pooler.stop();
    }
  });

  test('by the migration, too', async () => {
    const pooler = await startPgBouncer(testDatabase.url, { pool_mode: 'transaction' });
    try {
      await untilItListens(pooler);
      await expect(migrate({ url: pooler.url, folder: migrationsFolder })).rejects.toMatchObject(refusal);
    } finally {
      pooler.stop();
    }
  });
});

describe.skipIf(!hasPgBouncer)('a pooler in session mode', () => {
  test('is taken, and migrates', async () => {
    const pooler = await startPgBouncer(testDatabase.url);
    try {
      await waitForDatabase({ url: pooler.url, timeout_ms: 60_000 });
      const results = await migrate({ url: pooler.url, folder: migrationsFolder });
      expect(results.map(({ applied }) => applied).every((applied) => applied === 0)).toBe(true);
    } finally {
      pooler.stop();
    }
  });
});
