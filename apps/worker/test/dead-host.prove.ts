import { startFaultyTcpProxy } from '@cashback/proxies';
import { readUntil } from '@cashback/testing';
import { expect, test } from 'vitest';
import { useWorkerProcesses } from './support/worker-processes.ts';

const workers = useWorkerProcesses();
const BACK_AFTER_MS = 30_000;

test('when its open connections are gone without a reset, a worker settles new orders again within 30 s and stops promptly', async () => {
  const { harness } = workers;
  await using proxy = await startFaultyTcpProxy(harness.test_database.url);
  const worker = await workers.startProcess({ DATABASE_URL: proxy.url });
  await workers.expectAllSettledOnce(await workers.registerMany('before', 5));

  proxy.freeze();
  const frozenAt = Date.now();
  const orderIds = await workers.registerMany('during', 5);
  for (const orderId of orderIds) {
    await readUntil(
      () => harness.order(orderId),
      ({ settled_revision }) => settled_revision === 1,
      { timeout_ms: BACK_AFTER_MS - (Date.now() - frozenAt) },
    );
  }
  await workers.expectAllSettledOnce(orderIds);

  proxy.freeze();
  await workers.registerMany('last', 5);
  worker.process.kill('SIGTERM');
  expect(await worker.ended).toEqual({ code: 0, signal: null });
}, 120_000);
