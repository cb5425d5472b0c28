import { setTimeout as delay } from 'node:timers/promises';
import {
  type UnscheduledOrder,
  chargeKey,
  chargeQueue,
  countDuePolls,
  findUnscheduledOrders,
  scheduleOrders,
} from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { inParts, unlocked } from './claim-orders.ts';

export interface SweepOptions {
  /** How long an order may be due without a time of its own before it is checked for a job. */
  grace_ms: number;
  page_size: number;
  /** A job that is older counts as none, whatever its row says. */
  job_max_age_ms: number;
}

type SweepContext = Pick<WorkerContext, 'database' | 'jobs' | 'log'>;

/** A turn ends after this time, and the next one goes on at once. */
const TURN_MS = 10_000;
const ROOM_INTERVAL_MS = 100;

/**
 * Gives a time to unsettled orders that have neither a time nor a job: whatever happens to the queue, no order stays
 * unsettled for good. An order that has a job waits for it. Page follows page, each behind the one before it, so that an
 * order that is locked holds up no other. While a page of orders is due already no further one is added: they are claimed
 * as they can be worked on, and orders of new registers and callbacks do not wait behind a million forgotten ones.
 * Returns true when there may be more of them.
 */
export async function sweepOrders(
  context: SweepContext,
  options: SweepOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<boolean> {
  const { grace_ms, page_size } = options;
  const end = AbortSignal.any([signal, AbortSignal.timeout(TURN_MS)]);
  let after: UnscheduledOrder | null = null;
  for (;;) {
    await untilRoom(context, page_size, end);
    if (end.aborted) return !signal.aborted;
    const found: UnscheduledOrder[] = await findUnscheduledOrders(context.database.pool, {
      grace_ms,
      limit: page_size,
      after,
    });
    await schedulePage(
      context,
      options,
      found.map(({ order_id }) => order_id),
    );
    after = found.at(-1) ?? null;
    if (found.length < page_size) return false;
  }
}

async function untilRoom({ database }: SweepContext, page_size: number, end: AbortSignal): Promise<void> {
  while (!end.aborted && (await countDuePolls(database.pool, page_size)) >= page_size) {
    await delay(ROOM_INTERVAL_MS, undefined, { signal: end }).catch(() => {});
  }
}

async function schedulePage(
  { database, jobs, log }: SweepContext,
  { grace_ms, job_max_age_ms }: SweepOptions,
  orderIds: readonly string[],
): Promise<void> {
  if (orderIds.length === 0) return;
  const queued = await jobs.findQueued(chargeQueue, orderIds.map(chargeKey), { max_age_ms: job_max_age_ms });
  const scheduled = await unlocked(
    await inParts(orderIds, (order_ids) =>
      withTransaction(database, (tx) => scheduleOrders(tx, { grace_ms, order_ids, queued })),
    ),
  );
  const [first] = scheduled;
  if (first !== undefined) {
    log.warn({ orders: scheduled.length, first }, 'orders without a time or a job are polled now');
  }
}
