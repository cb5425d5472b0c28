import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { withTransaction } from '@cashback/postgres';
import { waitUntil } from '@cashback/timing';
import { withClient } from '../../database/with-client.ts';
import { readCpu } from '../../measure/process-cpu.ts';
import { createIds } from '../../register/order-ids.ts';
import { openChargeQueue } from '../contenders/worker.ts';
import { benchOrder } from '../fill/bench-order.ts';
import { renewOwnDatabase } from '../fill/own-database.ts';
import { pagesOf } from '../fill/write-orders.ts';
import type { SettleSetup } from '../settle/measure-settle.ts';
import type { ConsumePlan, QueueWay } from './messages.ts';

export interface QueueMeasurement {
  jobs_per_second: number;
  /** CPU microseconds per job. */
  cpu_us: { process: number; postgres: number | null };
}

/** The worker's defaults. */
const SHAPE = { batch_size: 100, concurrency: 4 };
const jobsPerTransaction = 10_000;
/** The measured part of the jobs: the beginning compiles and connects, the end has no full batches. */
const SPAN = [0.2, 0.95] as const;
const stuckMs = 60_000;
const main = fileURLToPath(new URL('./consumer.ts', import.meta.url));

/** Measures fetching and completing waiting jobs. Throws when one of them was not completed. */
export async function measureQueue(
  way: QueueWay,
  setup: SettleSetup,
  jobs: number,
): Promise<QueueMeasurement> {
  const { database_url, own, signal } = setup;
  await renewOwnDatabase(database_url);
  await fillQueue(database_url, jobs);
  await own.client.query('CHECKPOINT');
  const child = fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    const report_at: ConsumePlan['report_at'] = [Math.ceil(jobs * SPAN[0]), Math.ceil(jobs * SPAN[1])];
    child.send({ way, database_url, ...SHAPE, report_at } satisfies ConsumePlan);
    const before = await nextUsage(child, setup);
    const after = await nextUsage(child, setup);
    const handed = after.handed - before.handed;
    await untilCompleted(database_url, jobs, signal);
    return {
      jobs_per_second: (handed * 1_000) / (after.at - before.at),
      cpu_us: {
        process: (after.process - before.process) / handed,
        postgres:
          after.postgres === null || before.postgres === null
            ? null
            : (after.postgres - before.postgres) / handed,
      },
    };
  } finally {
    child.kill('SIGKILL');
  }
}

async function fillQueue(database_url: string, jobs: number): Promise<void> {
  const nextId = createIds('random');
  const queue = await openChargeQueue(database_url);
  try {
    const orders = Array.from({ length: jobs }, () => benchOrder(nextId()));
    for (const some of pagesOf(orders, jobsPerTransaction)) {
      await withTransaction(queue.database, (tx) => queue.enqueue(some, tx));
    }
  } finally {
    await queue.close();
  }
}

interface Usage {
  handed: number;
  at: number;
  process: number;
  postgres: number | null;
}

async function nextUsage(child: ChildProcess, { own, signal }: SettleSetup): Promise<Usage> {
  const bound = AbortSignal.any([signal, AbortSignal.timeout(stuckMs)]);
  const [{ handed }] = (await once(child, 'message', { signal: bound })) as [{ handed: number }];
  const process = readCpu(child.pid ?? 0)?.own_us ?? NaN;
  return { handed, at: performance.now(), process, postgres: own.probe.cpu() };
}

async function untilCompleted(database_url: string, jobs: number, signal: AbortSignal): Promise<void> {
  await withClient(database_url, (client) =>
    waitUntil(
      `all ${jobs} jobs completed`,
      async () => {
        signal.throwIfAborted();
        const { rows } = await client.query<{ completed: number }>(
          "SELECT count(*)::int AS completed FROM cashback_jobs.job WHERE state = 'completed'",
        );
        const completed = rows[0]?.completed ?? 0;
        return completed === jobs || `${completed} are`;
      },
      { timeout_ms: stuckMs, interval_ms: 100 },
    ),
  );
}
