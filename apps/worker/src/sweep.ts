import { chargeKey, chargeQueue, claimOverdueOrders } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from './context.ts';

export interface SweepOptions {
  /** How long an order may be overdue before it counts as forgotten. */
  grace_ms: number;
  page_size: number;
}

/**
 * Enqueues a page of orders that nobody looked at when they were due: whatever happened to the queue, no order stays
 * unsettled without a job. Returns true when there may be more.
 */
export async function sweepOrders(context: WorkerContext, options: SweepOptions): Promise<boolean> {
  const orderIds = await withTransaction(context.database, async (tx) => {
    const claimed = await claimOverdueOrders(tx, { grace_ms: options.grace_ms, limit: options.page_size });
    const jobs = claimed.map((order_id) => ({ key: chargeKey(order_id), payload: { order_id } }));
    await context.jobs.enqueue(chargeQueue, jobs, tx);
    return claimed;
  });
  if (orderIds.length > 0) {
    context.log.warn({ orders: orderIds.length, first: orderIds[0] }, 'forgotten orders are enqueued again');
  }
  return orderIds.length === options.page_size;
}
