import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { readUntil } from '@cashback/testing';
import { useWorkerProcesses } from './support/worker-processes.ts';

const workers = useWorkerProcesses();

test('workers that are killed at any moment of their drain leave nothing behind, and nothing happens twice', async () => {
  const { outside } = workers.harness;
  const orderIds: string[] = [];
  outside.intercept = async (_, honest) => {
    await delay(Math.random() * 20);
    return honest();
  };
  for (let round = 0; round < 4; round++) {
    orderIds.push(...(await workers.registerMany(`killed-${round}`, 30)));
    const worker = await workers.startProcess({ BATCH_SIZE: '20' });
    const before = outside.calls.length;
    const some = Math.floor(Math.random() * 50);
    await readUntil(
      () => outside.calls.length,
      (calls) => calls >= before + some || worker.process.exitCode !== null,
    );
    worker.process.kill('SIGTERM');
    await delay(Math.random() * 60);
    worker.process.kill('SIGKILL');
    await worker.ended;
  }
  outside.intercept = undefined;
  await workers.startProcess();
  await workers.expectAllSettledOnce(orderIds);
  for (const orderId of orderIds) {
    expect(new Set(outside.updates(orderId).map((update) => JSON.stringify(update))).size).toBe(1);
  }
});
