import { expect, test } from 'vitest';

import { readUntil } from '@cashback/testing';
import { useWorkerProcesses } from './support/worker-processes.ts';

const workers = useWorkerProcesses();

async function countActiveJobs(): Promise<number> {
  const { rows } = await workers.harness.database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM cashback_jobs.job WHERE state = 'active'`,
  );
  return rows[0]?.count ?? 0;
}

test('a worker that is stopped finishes what it has begun, and begins nothing more', async () => {
  const { outside } = workers.harness;
  const orderIds = await workers.registerMany('drains', 20);
  const released = Promise.withResolvers<void>();
  outside.intercept = async (_, honest) => {
    await released.promise;
    return honest();
  };
  const worker = await workers.startProcess({
    BATCH_SIZE: '10',
    BATCH_CONCURRENCY: '1',
    MAX_IN_FLIGHT: '10',
    TRANSACTIONS_TIMEOUT_MS: '60000',
  });
  await readUntil(
    () => outside.calls.filter(({ order_id }) => orderIds.includes(order_id)).length,
    (calls) => calls >= 10,
  );
  worker.process.kill('SIGTERM');
  await readUntil(worker.log, (log) => log.includes('"msg":"stopping"'));
  const begun = new Set(outside.calls.map(({ order_id }) => order_id));
  released.resolve();
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  // Each order that was begun was brought as far as its operation, and no other was touched.
  for (const orderId of orderIds) {
    expect(outside.cashback(orderId).operations).toHaveLength(begun.has(orderId) ? 1 : 0);
  }
  expect(await countActiveJobs()).toBe(0);
  await workers.startProcess();
  await workers.expectAllSettledOnce(orderIds);
});

test('a worker that is stopped ends in order although no call is ever answered, and the next one carries on', async () => {
  const { outside } = workers.harness;
  const orderIds = await workers.registerMany('hangs', 20);
  outside.intercept = () => 'hang';
  const worker = await workers.startProcess({ TRANSACTIONS_TIMEOUT_MS: '60000' });
  await readUntil(
    () => outside.calls.filter(({ order_id }) => orderIds.includes(order_id)).length,
    (calls) => calls >= 20,
  );
  worker.process.kill('SIGTERM');
  expect(await worker.ended).toEqual({ code: 0, signal: null });
  expect(worker.log()).not.toContain('left behind');
  expect(await countActiveJobs()).toBe(0);
  outside.intercept = undefined;
  await workers.startProcess();
  await workers.expectAllSettledOnce(orderIds);
});

test('a second signal ends a worker at once, and its orders settle with the next one', async () => {
  const { outside } = workers.harness;
  const orderIds = await workers.registerMany('second-signal', 20);
  // Half of the operations are applied and not answered, the other half is not even seen.
  outside.intercept = (call, honest) => {
    if (call.path !== '/update/cashback') return honest();
    if (orderIds.indexOf(call.order_id) % 2 === 0) honest();
    return 'hang';
  };
  const worker = await workers.startProcess({ TRANSACTIONS_TIMEOUT_MS: '60000' });
  await readUntil(
    () => orderIds.filter((orderId) => outside.updates(orderId).length > 0).length,
    (sent) => sent === 20,
  );
  worker.process.kill('SIGTERM');
  await readUntil(worker.log, (log) => log.includes('"msg":"stopping"'));
  worker.process.kill('SIGTERM');
  expect(await worker.ended).toEqual({ code: 1, signal: null });
  expect(worker.log()).not.toContain('"msg":"stopped"');
  outside.intercept = undefined;
  await workers.startProcess();
  await workers.expectAllSettledOnce(orderIds);
});
