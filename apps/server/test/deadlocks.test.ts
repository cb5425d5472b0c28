import { chargeKey, chargeQueue, loadCharges, lockOrders } from '@cashback/cashback-db';
import { type CashbackClient, createCashbackClient } from '@cashback/client';
import type { RegisterInput } from '@cashback/contract';
import { type Database, type Jobs, openDatabase, startJobs, withTransaction } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase, untilEqual, untilLockWaits } from '@cashback/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { registerOrders } from '../src/register/register-orders.ts';
import { TOKEN, type TestServer, queuedJobs, registerInput, startTestServer, values } from './support.ts';

let testDatabase: TestDatabase;
let admin: Database;
let server: TestServer;
const cleanups: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  testDatabase = await createTestDatabase();
  cleanups.push(() => testDatabase.drop());
  admin = openDatabase({ url: testDatabase.url, application_name: 'deadlocks-test' });
  cleanups.push(() => admin.close());
  // A session checks once for a deadlock, this long after it began to wait: by then the rival must wait as well.
  const name = new URL(testDatabase.url).pathname.slice(1);
  await admin.pool.query(`ALTER DATABASE ${name} SET deadlock_timeout = '3s'`);
  server = await startServerHere();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startServerHere(): Promise<TestServer> {
  const started = await startTestServer({ database_url: testDatabase.url });
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= started.stop());
  cleanups.push(stop);
  return { ...started, stop };
}

function openClient(url: string): CashbackClient {
  const client = createCashbackClient({ url, token: TOKEN, retries: 0 });
  cleanups.push(() => client.close());
  return client;
}

async function openAs(role: string): Promise<{ database: Database; jobs: Jobs }> {
  const connection = { role, application_name: `deadlocks-test-${role}`, log_error: () => {} };
  const database = openDatabase({ ...connection, url: testDatabase.url });
  const jobs = await startJobs({
    ...connection,
    database_url: testDatabase.url,
    jobs_schema: chargeQueue.schema,
    queues: [chargeQueue],
  });
  cleanups.push(async () => {
    await jobs.stop({ timeout_ms: 5_000 });
    await database.close();
  });
  return { database, jobs };
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ item }) => item);
}

/** Deadlocks that Postgres resolved. It counts them when the victim's session ends. */
async function deadlocksOfEndedSessions(): Promise<number | undefined> {
  await untilEqual(async () => {
    const { rowCount } = await admin.pool.query(`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
        AND application_name <> 'deadlocks-test'`);
    return rowCount;
  }, 0);
  const { rows } = await admin.pool.query<{ deadlocks: number }>(
    'SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.deadlocks;
}

/** As the worker does, with its orders in any sequence: lock, load, write, enqueue. */
async function chargeLikeWorker(
  { database, jobs }: Awaited<ReturnType<typeof openAs>>,
  ids: readonly string[],
) {
  await withTransaction(
    database,
    async (tx) => {
      await lockOrders(tx, ids);
      const charges = await loadCharges(tx, ids, { operations: 10 });
      await tx.client.query(
        'UPDATE cashback.order_clears SET next_charge_at = now(), poll_at = now() WHERE order_id = ANY($1::text[])',
        [[...charges.keys()]],
      );
      const wakeUps = ids.map((order_id) => ({ key: chargeKey(order_id), payload: { order_id } }));
      await jobs.enqueue(chargeQueue, wakeUps, tx);
    },
    { attempts: 1 },
  );
}

test('batches and workers that lock the same orders in different sequences never deadlock', async () => {
  const other = await startServerHere();
  const clients = [server, server, other, other].map(({ url }) => openClient(url));
  const worker = await openAs('cashback_worker');
  const inputs = Array.from({ length: 40 }, () => registerInput());
  const ids = inputs.map(({ order_id }) => order_id);
  await Promise.all(inputs.map((input) => server.client.register(input)));

  for (let round = 1; round <= 6; round++) {
    // A client sends the calls of one turn as one request, in their order.
    const batches = [inputs, inputs.toReversed(), shuffled(inputs), shuffled(inputs)];
    const calls = batches.flatMap((batch, index) =>
      batch.map((input) => clients[index]?.register({ ...input, ...values(`${round}`, `${index}`) })),
    );
    const charges = Array.from({ length: 4 }, () => chargeLikeWorker(worker, shuffled(ids)));
    await Promise.all([...calls, ...charges]);
  }
  for (const cleanup of cleanups.splice(2).toReversed()) await cleanup();
  expect(await deadlocksOfEndedSessions()).toBe(0);
});

/**
 * A session that is never the victim of a deadlock: the other session checks for deadlocks long before this one.
 */
async function openRival() {
  const rival = await admin.pool.connect();
  await rival.query("SET deadlock_timeout = '60s'");
  await rival.query('BEGIN');
  let open = true;
  const commit = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await rival.query('COMMIT');
    rival.release(true);
  };
  cleanups.push(commit);
  const lock = (orderId: string) =>
    rival.query('SELECT FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [orderId]);
  return { client: rival, lock, commit };
}

async function registered(): Promise<RegisterInput> {
  const input = registerInput();
  await server.client.register(input);
  return input;
}

function oneWaits(): Promise<void> {
  return untilLockWaits(server.admin.pool);
}

test('a batch that deadlocks with a session that locks two orders in reverse starts over', async () => {
  const [first, second] = [await registered(), await registered()];
  const { database, jobs } = await openAs('cashback_server');
  const rival = await openRival();
  await rival.lock(second.order_id);

  let attempts = 0;
  const results = withTransaction(database, (tx) => {
    attempts += 1;
    return registerOrders(tx, jobs, [
      { ...first, ...values('6') },
      { ...second, ...values('7') },
    ]);
  });
  results.catch(() => {}); // awaited below
  await oneWaits();
  await rival.lock(first.order_id); // granted only because the other session is the victim
  await rival.commit();
  expect(await results).toMatchObject([
    { outcome: 'registered', revision: 2, cashback_sum: '6.0000' },
    { outcome: 'registered', revision: 2, cashback_sum: '7.0000' },
  ]);
  expect(attempts).toBe(2);
});

test('calls that deadlock with such a session succeed for their callers', async () => {
  const [first, second] = [await registered(), await registered()];
  const rival = await openRival();
  await rival.lock(second.order_id);
  const client = openClient(server.url);
  const calls = Promise.all([
    client.register({ ...first, ...values('6') }),
    client.register({ ...second, ...values('7') }),
  ]);
  calls.catch(() => {}); // awaited below
  await oneWaits();
  await rival.lock(first.order_id);
  await rival.commit();
  expect(await calls).toMatchObject([
    { outcome: 'registered', revision: 2, cashback_sum: '6.0000' },
    { outcome: 'registered', revision: 2, cashback_sum: '7.0000' },
  ]);
});

test('a single call that deadlocks over its order and its job starts over', async () => {
  const { order_id } = await registered();
  await admin.pool.query('DELETE FROM cashback_jobs.job WHERE singleton_key = $1', [order_id]);
  const { jobs } = await openAs('cashback_server');
  const rival = await openRival();
  const job = { key: chargeKey(order_id), payload: { order_id } };
  // The server and the worker always lock the order before its job; this rival does it in reverse.
  await jobs.enqueue(chargeQueue, [job], { client: rival.client, drizzle: admin.drizzle });

  const call = openClient(server.url).register(registerInput({ order_id, ...values('6') }));
  call.catch(() => {}); // awaited below
  await oneWaits();
  await rival.lock(order_id);
  await rival.commit();
  expect(await call).toMatchObject({ outcome: 'registered', revision: 2, cashback_sum: '6.0000' });
  expect(await queuedJobs(server, order_id)).toBe(1);
  for (const cleanup of cleanups.splice(2).toReversed()) await cleanup();
  expect(await deadlocksOfEndedSessions()).toBe(1);
});

/** The first `times` changes of an order fail with the given state. */
async function makeTrouble(sqlstate: string, times: number): Promise<void> {
  await admin.pool.query(`
    CREATE SEQUENCE cashback.troubles;
    CREATE FUNCTION cashback.make_trouble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
      IF nextval('cashback.troubles') <= ${times} THEN RAISE SQLSTATE '${sqlstate}'; END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER make_trouble AFTER INSERT OR UPDATE ON cashback.order_clears
      FOR EACH STATEMENT EXECUTE FUNCTION cashback.make_trouble()`);
}

const TROUBLES = [
  ['a deadlock', '40P01'],
  ['a serialization failure', '40001'],
] as const;

test.each(TROUBLES)('a passing %s is retried and the call succeeds', async (_, sqlstate) => {
  await makeTrouble(sqlstate, 2);
  const input = registerInput();
  expect(await openClient(server.url).register(input)).toMatchObject({ outcome: 'registered', revision: 1 });
});

test.each(TROUBLES)(
  'a lasting %s is OVERLOADED after a few attempts, and nothing changes',
  async (_, sqlstate) => {
    await makeTrouble(sqlstate, 1_000_000);
    const input = registerInput();
    const client = openClient(server.url);
    await expect(client.register(input)).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true });
    const { rows } = await admin.pool.query<{ attempts: string }>(
      'SELECT last_value AS attempts FROM cashback.troubles',
    );
    expect(Number(rows[0]?.attempts)).toBeLessThanOrEqual(10);
    await expect(client.order({ order_id: input.order_id })).rejects.toMatchObject({
      code: 'ORDER_NOT_FOUND',
    });

    await admin.pool.query('DROP TRIGGER make_trouble ON cashback.order_clears');
    expect(await client.register(input)).toMatchObject({ outcome: 'registered', revision: 1 });
  },
);
