import { chargeQueue } from '@cashback/cashback-db';
import { createCashbackClient } from '@cashback/client';
import { type Database, type Jobs, openDatabase, startJobs } from '@cashback/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readUntil, untilLockWaits } from '@cashback/testing';
import { type RegisterOptions, createRegister } from '../src/register/create-register.ts';
import { TOKEN, type TestServer, queuedJobs, registerInput, startTestServer, values } from './support.ts';

let server: TestServer;
let database: Database;
let jobs: Jobs;

beforeAll(async () => {
  server = await startTestServer({ register_max_pending: 20, register_lock_timeout_ms: 10_000 });
  const connection = { role: 'cashback_server', application_name: 'group-commit-test', log_error: fail };
  database = openDatabase({ ...connection, url: server.database_url, lock_timeout_ms: 2_000 });
  jobs = await startJobs({
    ...connection,
    database_url: server.database_url,
    jobs_schema: chargeQueue.schema,
    queues: [chargeQueue],
  });
});
afterAll(async () => {
  await jobs?.stop({ timeout_ms: 5_000 });
  await database?.close();
  await server?.stop();
});

function fail(error: Error): void {
  throw error;
}

function createTestRegister(options: Partial<RegisterOptions> = {}) {
  return createRegister({
    database,
    jobs,
    group_size: 500,
    concurrency: 2,
    max_pending: 1_000,
    max_pending_per_order: 500,
    ...options,
  });
}

function someInputs(count: number) {
  return Array.from({ length: count }, (_, index) => registerInput(values(`${index}.5`)));
}

/** An existing order whose lock another session holds until it is released. */
async function holdOrder() {
  const input = registerInput();
  await server.client.register(input);
  const client = await server.admin.pool.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [input.order_id]);
  return {
    input: { ...input, ...values('6') },
    release: async () => {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}

async function transactionsOf(orderIds: string[]): Promise<number | undefined> {
  const { rows } = await server.admin.pool.query<{ transactions: number }>(
    'SELECT count(DISTINCT xact_id)::integer AS transactions FROM cashback.events WHERE order_id = ANY($1)',
    [orderIds],
  );
  return rows[0]?.transactions;
}

test('concurrent calls share one transaction, each with an answer and a job of its own', async () => {
  const inputs = someInputs(40);
  const answers = await Promise.all(inputs.map(createTestRegister()));
  expect(answers.map(({ cashback_sum }) => cashback_sum)).toEqual(inputs.map((_, index) => `${index}.5000`));
  expect(await transactionsOf(inputs.map(({ order_id }) => order_id))).toBe(1);
  for (const { order_id } of inputs) expect(await queuedJobs(server, order_id)).toBe(1);
});

test('a transaction has at most the configured number of calls', async () => {
  const inputs = someInputs(25);
  await Promise.all(inputs.map(createTestRegister({ group_size: 10 })));
  expect(await transactionsOf(inputs.map(({ order_id }) => order_id))).toBe(3);
});

test('a refused call fails no other call of its transaction', async () => {
  const stored = registerInput();
  await server.client.register(stored);
  const inputs = someInputs(5);
  const ends = await Promise.allSettled(
    [{ ...stored, user_id: 'another-user' }, { ...registerInput(), expected_revision: 7 }, ...inputs].map(
      createTestRegister(),
    ),
  );
  expect(ends.slice(0, 2)).toMatchObject([
    { reason: { code: 'IMMUTABLE_FIELD' } },
    { reason: { code: 'REVISION_CONFLICT' } },
  ]);
  expect(ends.slice(2).map(({ status }) => status)).toEqual(inputs.map(() => 'fulfilled'));
  expect(await transactionsOf(inputs.map(({ order_id }) => order_id))).toBe(1);
});

test('a call whose order another transaction holds fails alone and in bounded time; its neighbours do not wait', async () => {
  const held = await holdOrder();
  const register = createTestRegister({ concurrency: 1 });
  const stuck = register(held.input);
  stuck.catch(() => {}); // awaited below
  const neighbours = await Promise.all(someInputs(5).map(register));
  expect(neighbours.map(({ outcome }) => outcome)).toEqual(neighbours.map(() => 'registered'));
  await expect(stuck).rejects.toMatchObject({ code: '55P03' });
  await held.release();
  expect(await register(held.input)).toMatchObject({ outcome: 'registered', revision: 2 });
});

test('a call that the database refuses fails alone and writes nothing', async () => {
  const poison = registerInput({ user_id: 'poison' });
  await server.admin.pool.query(`
    CREATE FUNCTION cashback.refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN IF NEW.user_id = 'poison' THEN RAISE 'poison' USING ERRCODE = 'XX001'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse_poison BEFORE INSERT ON cashback.order_clears
      FOR EACH ROW EXECUTE FUNCTION cashback.refuse_poison()`);
  try {
    const register = createTestRegister();
    const inputs = someInputs(6);
    const ends = await Promise.allSettled([poison, ...inputs].map(register));
    expect(ends.map(({ status }) => status)).toEqual(['rejected', ...inputs.map(() => 'fulfilled')]);
    expect(await transactionsOf([poison.order_id])).toBe(0);
  } finally {
    await server.admin.pool.query('DROP FUNCTION cashback.refuse_poison CASCADE');
  }
});

test('calls of one order take effect in order of arrival, even when their batch fails', async () => {
  const held = await holdOrder();
  const register = createTestRegister({ group_size: 3 });
  const calls = Array.from({ length: 12 }, (_, index) =>
    register({ ...held.input, invoice_version: 1 + index, ...values(`${100 + index}`) }),
  );
  // Neighbours of the first ones, which are retried with them.
  const neighbours = someInputs(4).map(register);
  await untilLockWaits(server.admin.pool);
  await held.release();
  const answers = await Promise.all(calls);
  expect(answers.map(({ outcome, revision }) => [outcome, revision])).toEqual(
    answers.map((_, index) => ['registered', index + 2]),
  );
  await Promise.all(neighbours);
});

test('calls above the bound are OVERLOADED immediately and write nothing; the waiting ones are served', async () => {
  const held = await holdOrder();
  const client = createCashbackClient({ url: server.url, token: TOKEN, batching: false, retries: 0 });
  const waiting = Array.from({ length: 20 }, (_, index) =>
    client.register({ ...held.input, ...values(`${index + 1}.25`) }),
  );
  const extra = registerInput();
  await readUntil(async () =>
    client.register(extra).then(
      () => false,
      (error: unknown) => {
        expect(error).toMatchObject({
          code: 'OVERLOADED',
          retryable: true,
          message: '20 registers wait already, and this one was not tried: repeat it later',
        });
        return true;
      },
    ),
  );
  await held.release();
  const answers = await Promise.all(waiting);
  expect(answers.map(({ revision }) => revision).toSorted((left, right) => left - right)).toEqual(
    answers.map((_, index) => index + 2),
  );
  expect(await client.register(registerInput())).toMatchObject({ outcome: 'registered' });
});

test('a hot order leaves room for the others: above its own bound its calls are refused, and may be repeated', async () => {
  const held = await holdOrder();
  const register = createTestRegister({ max_pending: 20, max_pending_per_order: 5 });
  const calls = await Promise.allSettled(
    Array.from({ length: 40 }, async (_, index) => {
      if (index < 5) return await register(held.input).catch((error: unknown) => error);
      return register(held.input);
    }).slice(5),
  );
  expect(new Set(calls.map(({ status }) => status))).toEqual(new Set(['rejected']));
  for (const call of calls) {
    expect(call).toMatchObject({
      reason: {
        code: 'OVERLOADED',
        retryable: true,
        message: expect.stringContaining(held.input.order_id) as unknown,
      },
    });
  }
  const others = await Promise.all(someInputs(10).map(register));
  expect(others.map(({ outcome }) => outcome)).toEqual(others.map(() => 'registered'));
  await held.release();
  const { outcome } = await readUntil(() => register(held.input).catch(() => undefined));
  expect(['registered', 'unchanged']).toContain(outcome);
});
