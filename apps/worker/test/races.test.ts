import { CASHBACK_JOBS_SCHEMA, chargeKey, chargeQueue, loadCharges } from '@cashback/cashback-db';
import type { Answer } from '@cashback/outside-transactions';
import { type Database, type Jobs, openDatabase, startJobs, withTransaction } from '@cashback/postgres';
import { createHttpClient, createReadiness } from '@cashback/service';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readUntil } from '@cashback/testing';
import { applySteps } from '../src/reconcile/apply-steps.ts';
import type { WorkerContext } from '../src/context.ts';
import type { Observation } from '../src/reconcile/observe-invoice.ts';
import { withCalls } from '../src/upstream/transactions.ts';
import { type Harness, createHarness, newOrderId, testLog } from './support/harness.ts';

let harness: Harness;
let database: Database;
let jobs: Jobs;

beforeAll(async () => {
  harness = await createHarness();
  const { url } = harness.test_database;
  const connection = { role: 'cashback_worker', application_name: 'worker-races', log_error: () => {} };
  database = openDatabase({ ...connection, url });
  jobs = await startJobs({
    ...connection,
    database_url: url,
    jobs_schema: CASHBACK_JOBS_SCHEMA,
    queues: [chargeQueue],
  });
});
afterEach(async () => {
  await harness.stopWorkers();
  harness.outside.intercept = undefined;
  expect(harness.outside.without_intent).toEqual([]);
});
afterAll(async () => {
  await jobs.stop({ timeout_ms: 5_000 });
  await database.close();
  await harness.stop();
});

function context(): WorkerContext {
  const client = createHttpClient({ name: 'unused', base_url: 'http://127.0.0.1:9', timeout_ms: 100 });
  const limits = {
    poll_base_ms: 60_000,
    poll_max_ms: 60_000,
    failure_base_ms: 1_000,
    failure_max_ms: 1_000,
    max_failures: 3,
    in_flight_poll_ms: 60_000,
    attention_after_ms: 3_600_000,
    attention_poll_ms: 60_000,
    attention_poll_max_ms: 60_000,
  };
  const never = new AbortController().signal;
  const transactions = withCalls(client, never);
  return {
    database,
    jobs,
    transactions,
    limits,
    audits: { audit_distances: [60_000], audit_end_ms: 60_000 },
    log: testLog,
    readiness: createReadiness(),
    stopping: never,
  };
}

test('of two that decide on one order at the same time, one makes the operation and the other decides again', async () => {
  for (let round = 0; round < 20; round++) {
    const orderId = newOrderId('at-once');
    await harness.register(orderId, '10');
    const charges = await withTransaction(database, (tx) => loadCharges(tx, [orderId], { operations: 10 }));
    const order = charges.get(orderId)?.order;
    if (order === undefined) throw new Error('no order');
    const cashback = { epoch: null, version: 0, status: 'success' as const, rewarded: {}, operations: [] };
    const observation: Observation = { outcome: 'observed', cashback };
    const sent = await Promise.all(
      Array.from({ length: 3 }, () => applySteps(context(), [{ order, observation, found_by: 'job' }])),
    );
    const operations = sent.flat().flatMap(({ sending }) => (sending === null ? [] : [sending]));
    expect(operations).toHaveLength(1);
    expect(await harness.operations(orderId)).toHaveLength(1);
    expect((await harness.order(orderId)).operation_id).toBe(operations[0]?.operation.operation_id);
  }
});

test('two workers on the same orders never have two operations open, and settle each with one', async () => {
  const { outside } = harness;
  const orderIds = Array.from({ length: 20 }, () => newOrderId('two-workers'));
  for (const orderId of orderIds) {
    outside.addInvoice(orderId);
    await harness.register(orderId, '10');
    await harness.enqueue(`${orderId}#poll`, { order_id: orderId });
  }
  // The first two observations of an order get their answers together.
  const waiting = new Map<string, () => void>();
  outside.intercept = async (call, honest): Promise<Answer> => {
    const other = waiting.get(call.order_id);
    if (call.path === '/v2/invoice/retrieve' && outside.retrieves(call.order_id) <= 2) {
      if (other === undefined) await new Promise<void>((resolve) => waiting.set(call.order_id, resolve));
      else other();
    }
    return honest();
  };
  await Promise.all([harness.startWorker(), harness.startWorker()]);
  for (const orderId of orderIds) await harness.untilSettled(orderId);
  for (const orderId of orderIds) {
    expect(outside.retrieves(orderId)).toBeGreaterThanOrEqual(2);
    expect(await harness.operations(orderId)).toHaveLength(1);
  }
});

test('an outdated observation does not settle an order with a newer target', async () => {
  const { outside } = harness;
  const orderId = newOrderId('there-and-back');
  outside.addInvoice(orderId);
  await harness.startWorker({ transactions_timeout_ms: 30_000 });
  await harness.register(orderId, '10');
  await harness.untilSettled(orderId);

  // An observation at revision 2 asks for the invoice, which carries 10; its answer is held back.
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let held = false;
  outside.intercept = async (call, honest) => {
    const answer = honest();
    if (held || call.path !== '/v2/invoice/retrieve') return answer;
    held = true;
    await released;
    return answer;
  };
  await harness.register(orderId, '20');
  await readUntil(
    () => held,
    (isHeld) => isHeld,
  );
  // Another observation brings the order to 20.
  await harness.enqueue(`${orderId}#poll`, { order_id: orderId });
  await harness.untilSettled(orderId);
  expect(outside.cashback(orderId).rewarded).toEqual([{ source: 'user', amount: '20.0000' }]);
  // Its target becomes 10 again, and only now the first observation learns that the invoice carries 10.
  await harness.register(orderId, '10');
  release();
  await harness.untilSettled(orderId);
  expect(outside.cashback(orderId).rewarded).toEqual([{ source: 'user', amount: '10.0000' }]);
});

test('a register whose job was skipped for one that is picked up before it commits is not overlooked', async () => {
  const { outside } = harness;
  const orderId = newOrderId('skipped-job');
  outside.addInvoice(orderId);
  await harness.register(orderId, '10');
  await harness.startWorker();
  await harness.untilSettled(orderId);
  await harness.stopWorkers();

  await harness.enqueue(chargeKey(orderId), { order_id: orderId });
  await harness.register(orderId, '20', {
    before_commit: async () => {
      await harness.startWorker();
      await readUntil(countActiveJobs, (count) => count === 1);
      await readUntil(countLockWaits, (count) => count === 1);
    },
  });
  await harness.untilSettled(orderId);
  expect(outside.cashback(orderId).rewarded).toEqual([{ source: 'user', amount: '20.0000' }]);
});

async function countActiveJobs(): Promise<number | undefined> {
  const { rows } = await harness.database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM cashback_jobs.job WHERE state = 'active'`,
  );
  return rows[0]?.count;
}

async function countLockWaits(): Promise<number | undefined> {
  const { rows } = await harness.database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'worker' AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.count;
}
