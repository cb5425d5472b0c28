import { chargeKey, chargeQueue, claimOverdueOrders } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from './context.ts';

export interface SweepOptions {
  /** How long an order may be overdue before it counts as forgotten. */
  grace_ms: number;
  page_size: number;
}

/**
 * Makes a page of orders due that nobody looked at when they were: whatever happened to the queue, no order stays
 * unsettled for good. One that has a job is not forgotten, however long the queue is. Returns true when there may be
 * more of the forgotten.
 */
export async function sweepOrders(
  context: Pick<WorkerContext, 'database' | 'jobs' | 'log'>,
  options: SweepOptions,
): Promise<boolean> {
  const { grace_ms, page_size } = options;
  const { found, forgotten } = await withTransaction(context.database, (tx) =>
    claimOverdueOrders(tx, { grace_ms, limit: page_size }, (orderIds) =>
      context.jobs.findQueued(chargeQueue, orderIds.map(chargeKey)),
    ),
  );
  const [first] = forgotten;
  if (first !== undefined) {
    context.log.warn({ orders: forgotten.length, first }, 'forgotten orders are looked at again');
  }
  return found === page_size && forgotten.length > 0;
}
