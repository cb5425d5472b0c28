import { chargeQueue } from '@cashback/cashback-db';
import { createCashbackClient } from '@cashback/client';
import { CashbackError, type RegisterInput, type RegisterOutput } from '@cashback/contract';
import { type Database, type Jobs, openDatabase, startJobs, withTransaction } from '@cashback/postgres';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilLockWaits } from '@cashback/testing';
import { registerOrders } from '../src/register/register-orders.ts';
import {
  TOKEN,
  type TestServer,
  queuedJobs,
  registerInput,
  snapshotOf,
  startTestServer,
  values,
} from './support.ts';

let server: TestServer;
let database: Database;
let jobs: Jobs;

beforeAll(async () => {
  server = await startTestServer();
  const connection = { role: 'cashback_server', application_name: 'concurrency-test', log_error: fail };
  database = openDatabase({ ...connection, url: server.database_url });
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

type Results = (RegisterOutput | CashbackError)[];

/** A transaction that registers and then waits until the test ends it. */
function openRegister(inputs: RegisterInput[]) {
  const written = Promise.withResolvers<Results>();
  const end = Promise.withResolvers<void>();
  const ended = withTransaction(database, async (tx) => {
    const results = await registerOrders(tx, jobs, inputs);
    written.resolve(results);
    await end.promise;
    return results;
  });
  ended.catch((error: unknown) => written.reject(error));
  return {
    written: written.promise,
    ended,
    commit: () => end.resolve(),
    rollBack: (why: Error) => end.reject(why),
  };
}

async function expectSumOfNewestEvents(orderId: string): Promise<void> {
  const { rows } = await server.admin.pool.query<{ stored: string; summed: string }>(
    `SELECT cashback_sum AS stored, coalesce((
       SELECT sum(value) FROM (
         SELECT DISTINCT ON (source) value FROM cashback.events WHERE order_id = $1 ORDER BY source, revision DESC
       ) AS newest), 0)::numeric(16, 4) AS summed
     FROM cashback.order_clears WHERE order_id = $1`,
    [orderId],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.stored).toBe(rows[0]?.summed);
}

test('a register that waited for another decides on what the other stored, not on what was there before', async () => {
  const { order_id } = registerInput();
  await server.client.register(registerInput({ order_id, ...values('5') }));

  const first = openRegister([registerInput({ order_id, ...values('5', '2') })]);
  await first.written;
  const second = openRegister([registerInput({ order_id, ...values('5') })]);
  second.commit();
  await untilLockWaits(server.admin.pool);
  first.commit();

  await first.ended;
  // Decided on the events from before the wait, it would be unchanged, and the order would keep 2 of `service`.
  expect(await second.ended).toMatchObject([{ outcome: 'registered', revision: 3, cashback_sum: '5.0000' }]);
  const { target } = await server.client.order({ order_id });
  expect(target).toEqual([
    { source: 'user', value: '5.0000' },
    { source: 'service', value: '0.0000' },
  ]);
  await expectSumOfNewestEvents(order_id);
});

test('two first registers of one order take turns: one creates the order, the other changes it', async () => {
  const { order_id } = registerInput();
  const first = openRegister([registerInput({ order_id, ...values('5') })]);
  await first.written;
  const second = openRegister([registerInput({ order_id, ...values('6') })]);
  second.commit();
  await untilLockWaits(server.admin.pool);
  first.commit();
  expect([...(await first.ended), ...(await second.ended)]).toMatchObject([
    { outcome: 'registered', revision: 1 },
    { outcome: 'registered', revision: 2, cashback_sum: '6.0000' },
  ]);
});

test('row, events and job are committed together or not at all', async () => {
  const known = registerInput();
  await server.client.register(known);
  await server.admin.pool.query('DELETE FROM cashback_jobs.job WHERE singleton_key = $1', [known.order_id]);
  const before = await snapshotOf(server);
  const fresh = registerInput();

  const open = openRegister([fresh, registerInput({ order_id: known.order_id, ...values('6') })]);
  await open.written;
  open.rollBack(new Error('as if the process had died'));
  await expect(open.ended).rejects.toThrow('as if the process had died');
  expect(await snapshotOf(server)).toBe(before);

  const again = openRegister([fresh]);
  await again.written;
  expect(await queuedJobs(server, fresh.order_id)).toBe(0);
  again.commit();
  await again.ended;
  expect(await queuedJobs(server, fresh.order_id)).toBe(1);
});

test('concurrent registers of one order give revisions without gaps, and the last one is the target', async () => {
  const { order_id } = registerInput();
  const client = createCashbackClient({ url: server.url, token: TOKEN, batching: false });
  const calls = 40;
  const answers = await Promise.all(
    Array.from({ length: calls }, (_, index) =>
      client.register(registerInput({ order_id, ...values(`${index}.5`, `${index + 1}`) })),
    ),
  );
  const inOrder = answers.toSorted((left, right) => left.revision - right.revision);
  expect(inOrder.map(({ revision }) => revision)).toEqual(
    Array.from({ length: calls }, (_, index) => index + 1),
  );
  const { target, cashback_sum } = await client.order({ order_id });
  expect({ target, cashback_sum }).toEqual({
    target: inOrder.at(-1)?.cashback_by_source,
    cashback_sum: inOrder.at(-1)?.cashback_sum,
  });
  const { events } = await client.events({ order_id });
  expect(new Set(events.map(({ revision }) => revision)).size).toBe(calls);
  await expectSumOfNewestEvents(order_id);
});

test('of many first registers that expect no order, exactly one is stored', async () => {
  const { order_id } = registerInput();
  const client = createCashbackClient({ url: server.url, token: TOKEN, batching: false });
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      client.register(registerInput({ order_id, expected_revision: 0, ...values(`${index + 1}`) })),
    ),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.map(({ reason }) => reason)).toMatchObject(
    Array.from({ length: 19 }, () => ({ code: 'REVISION_CONFLICT' })),
  );
});

test('batches that name the same orders in different sequences never deadlock', async () => {
  const inputs = Array.from({ length: 30 }, () => registerInput());
  const deadlocks = await deadlockCount();
  for (let round = 1; round <= 5; round++) {
    const amounts = values(`${round}`);
    const sets = [inputs, inputs.toReversed(), inputs.toSorted(() => Math.random() - 0.5)];
    await Promise.all(
      sets.map((set) =>
        withTransaction(
          database,
          (tx) =>
            registerOrders(
              tx,
              jobs,
              set.map((input) => ({ ...input, ...amounts })),
            ),
          {
            attempts: 1,
          },
        ),
      ),
    );
  }
  expect(await deadlockCount()).toBe(deadlocks);
});

async function deadlockCount(): Promise<string | undefined> {
  const { rows } = await server.admin.pool.query<{ deadlocks: string }>(
    'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.deadlocks;
}

const amount = fc.constantFrom('0', '1', '2.5');
const call = fc.record(
  {
    user_id: fc.constantFrom('user-1', 'user-1', 'user-1', 'user-2'),
    invoice_version: fc.integer({ min: 1, max: 3 }),
    expected_revision: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    user: amount,
    service: fc.option(amount, { nil: undefined }),
    sum_alone: fc.boolean(),
  },
  { noNullPrototype: true },
);

test('a batch is registered exactly as its calls one by one, and every sum equals its newest events', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(call, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
      async (rounds) => {
        const together = rounds[0]?.map(() => registerInput().order_id) ?? [];
        const alone = together.map(() => registerInput().order_id);
        for (const round of rounds) {
          const [set = [], singles = []] = [together, alone].map((orderIds) =>
            orderIds.map((order_id, index) => toInput(order_id, round[index])),
          );
          const asSet = await withTransaction(database, (tx) => registerOrders(tx, jobs, set));
          const oneByOne: Results = [];
          for (const input of singles) {
            oneByOne.push(...(await withTransaction(database, (tx) => registerOrders(tx, jobs, [input]))));
          }
          expect(asSet.map(comparable)).toEqual(oneByOne.map(comparable));
          for (const [index, orderId] of together.entries()) {
            const result = asSet[index];
            if (!(result instanceof CashbackError)) await expectSumOfNewestEvents(orderId);
          }
        }
      },
    ),
    { numRuns: 25 },
  );
});

type Drawn = typeof call extends fc.Arbitrary<infer Value> ? Value : never;

function toInput(order_id: string, drawn: Drawn | undefined): RegisterInput {
  if (drawn === undefined) throw new Error('fewer calls than orders');
  const { user, service, sum_alone, expected_revision, ...fields } = drawn;
  return registerInput({
    order_id,
    ...fields,
    ...(expected_revision !== undefined && { expected_revision }),
    ...(sum_alone ? { cashback_sum: user } : values(user, service)),
  });
}

function comparable(result: RegisterOutput | CashbackError): unknown {
  if (!(result instanceof CashbackError)) return result;
  return { code: result.code, message: result.message, details: { ...result.details, order_id: null } };
}
