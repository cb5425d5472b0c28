import { chargeKey, chargeQueue, claimOverdueOrders, findOverdueOrders } from '@cashback/cashback-db';
import { isLockTimeout, withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';

export interface SweepOptions {
  /** How long an order may be overdue before it counts as forgotten. */
  grace_ms: number;
  page_size: number;
}

type SweepContext = Pick<WorkerContext, 'database' | 'jobs' | 'log'>;

/**
 * Makes a page of orders due that nobody looked at when they were: whatever happened to the queue, no order stays
 * unsettled for good. One that has a job is not forgotten, however long the queue is. Returns true when there may be
 * more of the forgotten.
 */
export async function sweepOrders(
  context: SweepContext,
  { grace_ms, page_size }: SweepOptions,
): Promise<boolean> {
  const found = await findOverdueOrders(context.database.pool, { grace_ms, limit: page_size });
  const forgotten = await claim(context, found, grace_ms);
  const [first] = forgotten;
  if (first !== undefined) {
    context.log.warn({ orders: forgotten.length, first }, 'forgotten orders are looked at again');
  }
  return found.length === page_size && forgotten.length > 0;
}

/** One order that somebody keeps locked holds up no other: then each is claimed by itself, and that one is left out. */
async function claim(
  { database, jobs }: SweepContext,
  orderIds: readonly string[],
  grace_ms: number,
): Promise<string[]> {
  if (orderIds.length === 0) return [];
  const queued = await jobs.findQueued(chargeQueue, orderIds.map(chargeKey));
  const take = (order_ids: readonly string[]): Promise<string[]> =>
    withTransaction(database, (tx) => claimOverdueOrders(tx, { grace_ms, order_ids, queued }));
  try {
    return await take(orderIds);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
  }
  const claimed = await Promise.allSettled(orderIds.map((orderId) => take([orderId])));
  return claimed.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
