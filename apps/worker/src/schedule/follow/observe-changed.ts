import { CASHBACK_FEED, findChangedOrders, moveObserved, readObserving } from '@cashback/cashback-db';
import type { WorkerContext } from '../../context.ts';
import { makeOrdersDue } from './make-orders-due.ts';

/**
 * After a restore of `transactions`: makes a page of the orders due that changed since the time from which they are
 * observed. True when more are left to do.
 */
export async function observeChanged(
  context: Pick<WorkerContext, 'database' | 'log'>,
  page_size: number,
): Promise<boolean> {
  const { pool } = context.database;
  const from = await readObserving(pool, CASHBACK_FEED);
  const { observe_since: since, observed_to } = from;
  if (since === null) return false;
  const { order_ids, last } = await findChangedOrders(pool, { since, after: observed_to, limit: page_size });
  const [locked] = await makeOrdersDue(context, order_ids);
  if (locked !== undefined) {
    const before = order_ids[order_ids.indexOf(locked) - 1] ?? observed_to;
    await moveObserved(pool, { feed: CASHBACK_FEED, from, last: before });
    return false;
  }
  await moveObserved(pool, { feed: CASHBACK_FEED, from, last });
  if (last === null) context.log.info({ since }, 'the orders that changed since are all due');
  return last !== null;
}
