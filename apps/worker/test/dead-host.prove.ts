import { startFaultyTcpProxy } from '@cashback/proxies';
import { expect, test } from 'vitest';
import { useWorkerProcesses } from './support/worker-processes.ts';

const workers = useWorkerProcesses();

test('when its open connections are gone without a reset, a worker settles new orders again by itself, and stops', async () => {
  const { harness } = workers;
  await using proxy = await startFaultyTcpProxy(harness.test_database.url);
  const worker = await workers.startProcess({ DATABASE_URL: proxy.url });
  await workers.expectAllSettledOnce(await workers.registerMany('before', 5));

  proxy.freeze();
  const orderIds = await workers.registerMany('during', 5);
  await workers.expectAllSettledOnce(orderIds);

  proxy.freeze();
  await workers.registerMany('last', 5);
  worker.process.kill('SIGTERM');
  expect(await worker.ended).toEqual({ code: 0, signal: null });
});
