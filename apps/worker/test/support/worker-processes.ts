import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { readUntil } from '@cashback/testing';
import { type Harness, createHarness, newOrderId } from './harness.ts';
import { type WorkerProcess, startWorkerProcess } from './worker-process.ts';

/** A harness for one test file whose workers are processes; those that a test leaves running are killed after it. */
export function useWorkerProcesses() {
  const processes: WorkerProcess[] = [];
  const context = {
    harness: undefined as unknown as Harness,

    async startProcess(env: NodeJS.ProcessEnv = {}): Promise<WorkerProcess> {
      const worker = await startWorkerProcess(context.harness, env);
      processes.push(worker);
      return worker;
    },

    async registerMany(name: string, count: number): Promise<string[]> {
      const orderIds = Array.from({ length: count }, () => newOrderId(name));
      for (const orderId of orderIds) {
        context.harness.outside.addInvoice(orderId);
        await context.harness.register(orderId, '10');
      }
      return orderIds;
    },

    async expectAllSettledOnce(orderIds: readonly string[]): Promise<void> {
      const { harness } = context;
      for (const orderId of orderIds) {
        await readUntil(
          () => harness.order(orderId),
          ({ settled_revision }) => settled_revision === 1,
          { timeout_ms: 120_000 },
        );
        expect(await harness.operations(orderId)).toMatchObject([{ outcome: 'applied' }]);
        expect(harness.outside.cashback(orderId).operations).toHaveLength(1);
      }
    },
  };

  beforeAll(async () => {
    context.harness = await createHarness();
  });
  afterEach(async () => {
    for (const worker of processes.splice(0)) {
      worker.process.kill('SIGKILL');
      await worker.ended;
    }
    const { outside } = context.harness;
    outside.intercept = undefined;
    outside.on_accept = 'success';
    expect(outside.without_intent).toEqual([]);
  });
  afterAll(() => context.harness.stop());
  return context;
}
