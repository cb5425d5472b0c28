import { inspect } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTcpProxy } from '@cashback/proxies';
import { createTestDatabase } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { isUnavailable } from '../src/errors/errors.ts';
import { errorCode, openDatabase, waitForDatabase, withTransaction } from '../src/index.ts';
import type { Database, Transaction } from '../src/index.ts';

const role = `account_reader_${process.pid}`;

let testDatabase: TestDatabase;
let observer: Database;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  observer = openDatabase({ url: testDatabase.url, application_name: 'observer' });
  await observer.pool.query('CREATE TABLE account (id text PRIMARY KEY, amount int NOT NULL)');
});

beforeEach(async () => {
  await observer.pool.query("TRUNCATE account; INSERT INTO account VALUES ('a', 0), ('b', 0)");
  database = openDatabase({
    url: testDatabase.url,
    application_name: 'transaction-test',
    max_connections: 2,
  });
});

afterEach(() => database.close());

afterAll(async () => {
  await observer?.close();
  await testDatabase?.drop();
});

function add(transaction: Transaction, id: string): Promise<unknown> {
  return transaction.client.query('UPDATE account SET amount = amount + 1 WHERE id = $1', [id]);
}

function readAccounts(transaction: Transaction) {
  return transaction.client.query<{ id: string }>({
    name: 'read-accounts',
    text: 'SELECT * FROM account ORDER BY id',
  });
}

async function amounts(): Promise<Record<string, number>> {
  const { rows } = await observer.pool.query<{ id: string; amount: number }>(
    'SELECT id, amount FROM account',
  );
  return Object.fromEntries(rows.map(({ id, amount }) => [id, amount]));
}

async function backendPid(transaction: Transaction): Promise<number> {
  const { rows } = await transaction.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]?.pid ?? 0;
}

/** Resolves once the expected number has arrived. */
function meeting(expected: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let arrived = 0;
  return () => {
    arrived += 1;
    if (arrived >= expected) resolve();
    return promise;
  };
}

test('commits what was done through drizzle and through the client as one', async () => {
  const result = await withTransaction(database, async (transaction) => {
    await add(transaction, 'a');
    await transaction.drizzle.execute(sql`UPDATE account SET amount = amount + 1 WHERE id = 'b'`);
    expect(await amounts()).toEqual({ a: 0, b: 0 });
    return 'done';
  });
  expect(result).toBe('done');
  expect(await amounts()).toEqual({ a: 1, b: 1 });
});

test('rolls back and throws the error on', async () => {
  const failure = new Error('on purpose');
  const attempt = withTransaction(database, async (transaction) => {
    await add(transaction, 'a');
    throw failure;
  });
  await expect(attempt).rejects.toBe(failure);
  expect(await amounts()).toEqual({ a: 0, b: 0 });
});

test('does not report a commit that Postgres turned into a rollback', async () => {
  const attempt = withTransaction(database, async (transaction) => {
    await add(transaction, 'a');
    await transaction.client.query('SELECT 1 / 0').catch(() => {});
  });
  await expect(attempt).rejects.toThrow('was rolled back');
  expect(await amounts()).toEqual({ a: 0, b: 0 });
});

test('survives a backend that is terminated inside a transaction, and does not use its connection again', async () => {
  let terminated = 0;
  const attempt = withTransaction(database, async (transaction) => {
    await add(transaction, 'a');
    terminated = await backendPid(transaction);
    await observer.pool.query('SELECT pg_terminate_backend($1, 5000)', [terminated]);
    await add(transaction, 'a');
  });
  const error: unknown = await attempt.catch((thrown: unknown) => thrown);
  expect(isUnavailable(error)).toBe(true);
  expect(await amounts()).toEqual({ a: 0, b: 0 });
  expect(database.pool.totalCount).toBe(0);
  expect(await withTransaction(database, backendPid)).not.toBe(terminated);
});

test('survives a backend that is terminated while the code does something else', async () => {
  const attempt = withTransaction(database, async (transaction) => {
    const pid = await backendPid(transaction);
    const ended = new Promise<void>((resolve) => transaction.client.once('error', () => resolve()));
    await observer.pool.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
    await ended;
    return 'never committed';
  });
  await expect(attempt).rejects.toThrow('terminat');
  expect(database.pool.totalCount).toBe(0);
});

test('logs a connection that broke while idle, without the connection and the secrets it holds', async () => {
  const { promise: logged, resolve } = Promise.withResolvers<Error>();
  const watched = openDatabase({
    url: testDatabase.url,
    application_name: 'idle',
    log_error: resolve,
  });
  const pid = await withTransaction(watched, backendPid);
  await observer.pool.query('SELECT pg_terminate_backend($1, 5000)', [pid]);
  const error = await logged;
  expect(error.message).toContain('terminating connection');
  expect(error).not.toHaveProperty('client');
  await watched.close();
});

test('never hands a connection on inside a transaction when a statement times out', async () => {
  const hasty = openDatabase({
    url: testDatabase.url,
    application_name: 'hasty',
    max_connections: 1,
    statement_timeout_ms: 1_000,
  });
  const attempt = withTransaction(hasty, async (transaction) => {
    await add(transaction, 'a');
    await transaction.client.query('SELECT pg_sleep(10)');
  });
  await expect(attempt).rejects.toThrow('statement timeout');
  await hasty.pool.query("UPDATE account SET amount = 7 WHERE id = 'b'");
  await hasty.close();
  expect(await amounts()).toEqual({ a: 0, b: 7 });
});

test('starts over after a deadlock, and only within its bound', async () => {
  const met = meeting(2);
  let runs = 0;
  const move = (first: string, second: string): Promise<void> =>
    withTransaction(database, async (transaction) => {
      runs += 1;
      await add(transaction, first);
      await met();
      await add(transaction, second);
    });
  await Promise.all([move('a', 'b'), move('b', 'a')]);
  expect(runs).toBe(3);
  expect(await amounts()).toEqual({ a: 2, b: 2 });

  let attempts = 0;
  const always = withTransaction(
    database,
    async (transaction) => {
      attempts += 1;
      await transaction.client.query("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$");
    },
    { attempts: 2 },
  );
  const error: unknown = await always.catch((thrown: unknown) => thrown);
  expect(errorCode(error)).toBe('40001');
  expect(attempts).toBe(2);
});

test('starts over on a new connection when a table changed under a prepared statement', async () => {
  await withTransaction(database, readAccounts);
  await observer.pool.query('ALTER TABLE account ADD COLUMN note text');
  const { rows } = await withTransaction(database, readAccounts);
  expect(rows.map(({ id }) => id)).toEqual(['a', 'b']);
  await observer.pool.query('ALTER TABLE account DROP COLUMN note');
});

test('takes on its role and the limits of the server', async () => {
  const { rows } = await database.pool.query('SHOW statement_timeout');
  expect(rows).toEqual([{ statement_timeout: '15s' }]);
  await observer.pool.query(`CREATE ROLE ${role}; GRANT SELECT ON account TO ${role}`);
  const reader = openDatabase({ url: testDatabase.url, role, application_name: 'reader' });
  expect((await reader.pool.query('SELECT current_user')).rows).toEqual([{ current_user: role }]);
  await expect(reader.pool.query('DELETE FROM account')).rejects.toThrow('permission denied');
  await reader.close();
  await observer.pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
});

test('waiting for a database names host and port, and never the password', async () => {
  await waitForDatabase({ url: testDatabase.url, timeout_ms: 60_000 });
  const nobody = 'postgres://someone:s3cret@127.0.0.1:1/nowhere';
  const silence: unknown = await waitForDatabase({ url: nobody, timeout_ms: 300 }).catch(
    (thrown: unknown) => thrown,
  );
  expect(String(silence)).toMatch(
    /cannot reach Postgres at 127\.0\.0\.1:1\/nowhere: .*ECONNREFUSED.*DATABASE_URL/,
  );
  expect(String(silence)).not.toContain('s3cret');
  expect(silence).toMatchObject({ expected: true });

  const missing = new URL(testDatabase.url);
  missing.pathname = '/nowhere';
  // At once: waiting would not help.
  await expect(waitForDatabase({ url: missing.href, timeout_ms: 60_000 })).rejects.toThrow(
    /cannot reach Postgres at .*\/nowhere: database "nowhere" does not exist/,
  );
});

test.each([
  'mysql://u:s3cret@h/d',
  'postgres:s3cret@h:1/d',
  'postgres:///s3cret',
  'postgres://u:1/s3cret@h/d',
])('the URL %s is refused, and none of it shown', async (url) => {
  const refused = await waitForDatabase({ url, timeout_ms: 300 }).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ expected: true });
  expect(String(refused)).toMatch(/DATABASE_URL is not a Postgres URL: expected/);
  expect(inspect(refused)).not.toContain('s3cret');
});

test('a connection that is ended in one piece with the answer that it is ready ends no process', async () => {
  const { proxy, coalesced } = await startCoalescingProxy(testDatabase.url, async () => {
    await observer.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'coalesced'",
    );
  });
  const through = openDatabase({ url: proxy.url, application_name: 'coalesced' });
  try {
    await expect(withTransaction(through, (transaction) => add(transaction, 'a'))).rejects.toThrow(
      /terminated|terminating|not queryable|connection/i,
    );
    expect(coalesced()).toBe(true);
    // The pool makes a new connection, which nothing happens to.
    await withTransaction(through, (transaction) => add(transaction, 'a'));
    expect(await amounts()).toEqual({ a: 1, b: 0 });
  } finally {
    await through.close();
    await proxy.stop();
  }
});

const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Keeps back the first answer that a session is ready until Postgres has ended it, and sends both in one piece. */
async function startCoalescingProxy(targetUrl: string, end: () => Promise<void>) {
  let kept: Buffer | null = null;
  let coalesced = false;
  const proxy = await startTcpProxy(targetUrl, ({ caller }) => ({
    fromTarget(chunk) {
      if (kept !== null) {
        caller.end(Buffer.concat([kept, chunk]));
        kept = null;
        coalesced = true;
        return 'drop';
      }
      if (coalesced || !chunk.includes(READY_FOR_QUERY)) return 'forward';
      kept = chunk;
      void end();
      return 'drop';
    },
  }));
  return { proxy, coalesced: () => coalesced };
}
