import { setTimeout as delay } from 'node:timers/promises';
import { withTimeout } from '@cashback/timing';
import type { JobHandler } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import type { QueuedRun, Schedule } from './schedule.ts';

/** A batch is held no longer than this, so that its jobs do not expire. */
const MAX_HOLD_MS = 30_000;
/** Orders of a batch that take longer are leased, and their jobs end, so that the jobs behind them are taken. */
const LEASE_AFTER_MS = 500;

/**
 * The handler of `cashback_charge_processing`: registers made these orders due. A job ends when its order is one step
 * further, or has a time of its own in its row. It fails when neither could be achieved.
 */
export function createChargeHandler(
  context: WorkerContext,
  schedule: Schedule,
): JobHandler<{ order_id: string }> {
  return async (jobs, signal) => {
    await untilUp(context, signal);
    const orderIds = [...new Set(jobs.map(({ payload }) => payload.order_id))];
    const failed = await runBatch(context, schedule, orderIds);
    await schedule.untilRoom(signal);
    // Orders that have begun go first: otherwise the ends of a long queue's operations form a queue of their own.
    const hold = AbortSignal.any([signal, context.stopping, AbortSignal.timeout(MAX_HOLD_MS)]);
    await schedule.backlogDrained(hold);
    return new Map(
      jobs.flatMap(({ id, payload }) => {
        const error = failed.get(payload.order_id);
        return error === undefined ? [] : [[id, error]];
      }),
    );
  };
}

/**
 * While `transactions` is down the queue stands still: the batch in hand waits for the next probe, and the jobs behind
 * it are not even taken. After that wait its orders run, and are polled later if the probe fails.
 */
async function untilUp({ transactions, stopping }: WorkerContext, signal: AbortSignal): Promise<void> {
  const { retry_after_ms } = transactions.state();
  if (retry_after_ms === 0) return;
  const end = AbortSignal.any([signal, stopping]);
  await delay(Math.min(retry_after_ms, MAX_HOLD_MS), undefined, { signal: end }).catch(() => {});
}

/** Resolves with the errors of the orders whose jobs have failed. */
async function runBatch(
  { log }: WorkerContext,
  schedule: Schedule,
  orderIds: readonly string[],
): Promise<Map<string, Error>> {
  const failed = new Map<string, Error>();
  const unfinished = new Map<string, QueuedRun & { settled: Promise<void> }>();

  function follow(run: QueuedRun): void {
    const { order_id } = run;
    const settled = run.ended
      .catch((error: unknown) => {
        if (unfinished.has(order_id)) failed.set(order_id, asError(error));
        else log.error({ err: error, order_id }, 'order could not be reconciled, it is polled later');
      })
      .finally(() => unfinished.delete(order_id));
    unfinished.set(order_id, { ...run, settled });
  }

  /** The steps go on, but their jobs do not wait for them. An order that is still locked is not among them. */
  async function leaseSlow(): Promise<void> {
    const slow = [...unfinished.values()].filter((run) => run.is_running()).map(({ order_id }) => order_id);
    try {
      await schedule.leaseRunning(slow);
    } catch (error) {
      log.warn({ err: error, orders: slow.length }, 'slow orders cannot be leased, their jobs wait for them');
      return;
    }
    for (const orderId of slow) unfinished.delete(orderId);
  }

  for (const run of await schedule.runQueued(orderIds)) follow(run);
  while (unfinished.size > 0) {
    const all = Promise.all([...unfinished.values()].map(({ settled }) => settled));
    await withTimeout<unknown>(all, LEASE_AFTER_MS, () => {});
    if (unfinished.size > 0) await leaseSlow();
  }
  return failed;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
