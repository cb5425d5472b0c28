import { chargeKey, chargeQueue, findUnscheduledOrders, scheduleOrders } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { inParts, unlocked } from './claim-orders.ts';

export interface SweepOptions {
  /** How long an order may be due without a time of its own before it is checked for a job. */
  grace_ms: number;
  page_size: number;
}

/**
 * Gives a time to a page of unsettled orders that have neither a time nor a job: whatever happens to the queue, no
 * order stays unsettled for good. An order that has a job waits for it, however long the queue is. Returns true when
 * there may be more of them.
 */
export async function sweepOrders(
  { database, jobs, log }: Pick<WorkerContext, 'database' | 'jobs' | 'log'>,
  { grace_ms, page_size }: SweepOptions,
): Promise<boolean> {
  const found = await findUnscheduledOrders(database.pool, { grace_ms, limit: page_size });
  if (found.length === 0) return false;
  const queued = await jobs.findQueued(chargeQueue, found.map(chargeKey));
  const scheduled = await unlocked(
    await inParts(found, (order_ids) =>
      withTransaction(database, (tx) => scheduleOrders(tx, { grace_ms, order_ids, queued })),
    ),
  );
  const [first] = scheduled;
  if (first !== undefined) {
    log.warn({ orders: scheduled.length, first }, 'orders without a time or a job are polled now');
  }
  return found.length === page_size && scheduled.length > 0;
}
