import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Harness, createHarness, newOrderId, until } from './support/harness.ts';
import { type WorkerProcess, startWorkerProcess } from './support/worker-process.ts';

let harness: Harness;
const started: WorkerProcess[] = [];

beforeAll(async () => {
  harness = await createHarness();
});
afterEach(async () => {
  for (const worker of started.splice(0)) {
    worker.process.kill('SIGKILL');
    await worker.ended;
  }
  harness.outside.intercept = undefined;
  harness.outside.on_accept = 'success';
  expect(harness.outside.without_intent).toEqual([]);
});
afterAll(() => harness.stop());

async function startProcess(env: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
  const worker = await startWorkerProcess(harness, env);
  started.push(worker);
  return worker;
}

async function registerMany(name: string, count: number): Promise<string[]> {
  const orderIds = Array.from({ length: count }, () => newOrderId(name));
  for (const orderId of orderIds) {
    harness.outside.addInvoice(orderId);
    await harness.register(orderId, '10');
  }
  return orderIds;
}

async function expectAllSettledOnce(orderIds: readonly string[]): Promise<void> {
  for (const orderId of orderIds) {
    await until(
      () => harness.order(orderId),
      ({ settled_revision }) => settled_revision === 1,
      40_000,
    );
    expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
    expect(harness.outside.cashback(orderId).operations).toHaveLength(1);
  }
}

async function countActiveJobs(): Promise<number> {
  const { rows } = await harness.database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM cashback_jobs.job WHERE state = 'active'`,
  );
  return rows[0]?.count ?? 0;
}

test('a worker that is stopped finishes what it has begun, and begins nothing more', async () => {
  const { outside } = harness;
  const orderIds = await registerMany('drains', 20);
  const released = Promise.withResolvers<void>();
  outside.intercept = async (_, honest) => {
    await released.promise;
    return honest();
  };
  const worker = await startProcess({ BATCH_SIZE: '10', BATCH_CONCURRENCY: '1', MAX_IN_FLIGHT: '10' });
  await until(
    () => outside.calls.filter(({ order_id }) => orderIds.includes(order_id)).length,
    (calls) => calls === 10,
  );
  worker.process.kill('SIGTERM');
  await until(worker.log, (log) => log.includes('"msg":"stopping"'));
  const begun = new Set(outside.calls.map(({ order_id }) => order_id));
  released.resolve();
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  // Each order that was begun was brought as far as its operation, and no other was touched.
  for (const orderId of orderIds) {
    expect(outside.cashback(orderId).operations).toHaveLength(begun.has(orderId) ? 1 : 0);
  }
  expect(await countActiveJobs()).toBe(0);
  await startProcess();
  await expectAllSettledOnce(orderIds);
}, 60_000);

test('a worker that is stopped ends in order although no call is ever answered, and the next one carries on', async () => {
  const { outside } = harness;
  const orderIds = await registerMany('hangs', 20);
  outside.intercept = () => 'hang';
  const worker = await startProcess({ TRANSACTIONS_TIMEOUT_MS: '60000' });
  await until(
    () => outside.calls.filter(({ order_id }) => orderIds.includes(order_id)).length,
    (calls) => calls === 20,
  );
  worker.process.kill('SIGTERM');
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  expect(worker.log()).not.toContain('left behind');
  expect(await countActiveJobs()).toBe(0);
  outside.intercept = undefined;
  await startProcess();
  await expectAllSettledOnce(orderIds);
}, 60_000);

test('a second signal ends a worker at once, and its orders settle with the next one', async () => {
  const { outside } = harness;
  const orderIds = await registerMany('second-signal', 20);
  // Half of the operations are applied and not answered, the other half is not even seen.
  outside.intercept = (call, honest) => {
    if (call.path !== '/update/cashback') return honest();
    if (orderIds.indexOf(call.order_id) % 2 === 0) honest();
    return 'hang';
  };
  const worker = await startProcess({ TRANSACTIONS_TIMEOUT_MS: '60000' });
  await until(
    () => orderIds.filter((orderId) => outside.updates(orderId).length > 0).length,
    (sent) => sent === 20,
  );
  worker.process.kill('SIGTERM');
  await until(worker.log, (log) => log.includes('"msg":"stopping"'));
  worker.process.kill('SIGTERM');
  expect(await worker.ended).toEqual({ code: 1, signal: null });
  expect(worker.log()).not.toContain('"msg":"stopped"');
  outside.intercept = undefined;
  await startProcess();
  await expectAllSettledOnce(orderIds);
}, 60_000);

test('workers that are killed at any moment of their drain leave nothing behind, and nothing happens twice', async () => {
  const { outside } = harness;
  const orderIds: string[] = [];
  outside.intercept = async (_, honest) => {
    await delay(Math.random() * 20);
    return honest();
  };
  for (let round = 0; round < 6; round++) {
    orderIds.push(...(await registerMany(`killed-${round}`, 40)));
    const worker = await startProcess({ BATCH_SIZE: '20' });
    const before = outside.calls.length;
    const some = Math.floor(Math.random() * 60);
    await until(
      () => outside.calls.length,
      (calls) => calls >= before + some || worker.process.exitCode !== null,
    );
    worker.process.kill('SIGTERM');
    await delay(Math.random() * 60);
    worker.process.kill('SIGKILL');
    await worker.ended;
  }
  outside.intercept = undefined;
  await startProcess();
  await expectAllSettledOnce(orderIds);
  for (const orderId of orderIds) {
    expect(new Set(outside.updates(orderId).map((update) => JSON.stringify(update))).size).toBe(1);
  }
}, 120_000);
