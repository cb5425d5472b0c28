import {
  type ChargeOrder,
  claimPolls,
  findDuePolls,
  leasePolls,
  loadChargeOrders,
  lockOrders,
} from '@cashback/cashback-db';
import { type Database, isLockTimeout, withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { needsLease } from './poll-times.ts';

/**
 * Orders of jobs. Their jobs stand for them, so no lease is written. The claim waits for the locks: a register whose
 * job was skipped in favour of one of these may not have committed yet, and its target would be missed.
 */
export function claimQueued(
  database: Database,
  orderIds: readonly string[],
): Promise<Part<Map<string, ChargeOrder>>[]> {
  return inParts(orderIds, async (part) => {
    return withTransaction(database, async (tx) => {
      await lockOrders(tx, part);
      return loadChargeOrders(tx.client, part);
    });
  });
}

/**
 * Orders whose `poll_at` has passed, longest due first, leased to this worker. Locked ones are left for later. Of those
 * that need attention at least `needing_attention` are taken, if as many are due, and more only when no others are.
 */
export async function claimDue(
  database: Database,
  {
    without,
    limit,
    needing_attention,
    lease_ms,
  }: { without: readonly string[]; limit: number; needing_attention: number; lease_ms: number },
): Promise<ChargeOrder[]> {
  if (limit <= 0) return [];
  const due = await findDuePolls(database.pool, { limit, needing_attention, without });
  if (due.length === 0) return [];
  return unlocked(
    await inParts(due, (part) => withTransaction(database, (tx) => claimPolls(tx, { due: part, lease_ms }))),
  );
}

/**
 * Orders that a callback is about, in any state. One with an open operation has a poll of its own, far off as long as a
 * callback is expected. Any other may have none: it is leased, so that a crash of this worker does not lose the request.
 */
export async function claimRequested(
  { database, log }: WorkerContext,
  orderIds: readonly string[],
  lease_ms: number,
): Promise<ChargeOrder[]> {
  const orders = [...(await loadChargeOrders(database.pool, orderIds)).values()];
  const unpolled = orders.filter(needsLease).map(({ order_id }) => order_id);
  try {
    if (unpolled.length > 0) await withTransaction(database, (tx) => leasePolls(tx, unpolled, lease_ms));
  } catch (error) {
    log.warn({ err: error, orders: unpolled.length }, 'requested orders run without a lease');
  }
  return orders;
}

/** Some of the orders, and what taking them gave. */
export interface Part<Taken> {
  order_ids: readonly string[];
  taken: Promise<Taken>;
}

/** Takes all orders in one transaction. If one of them stays locked, each is taken alone, and it holds up no other. */
export async function inParts<Taken>(
  orderIds: readonly string[],
  take: (part: readonly string[]) => Promise<Taken>,
): Promise<Part<Taken>[]> {
  try {
    const taken = await take(orderIds);
    return [{ order_ids: orderIds, taken: Promise.resolve(taken) }];
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
  }
  return orderIds.map((orderId) => ({ order_ids: [orderId], taken: take([orderId]) }));
}

/** What was taken, without the orders that stay locked. */
export async function unlocked<Taken>(parts: readonly Part<Taken[]>[]): Promise<Taken[]> {
  const taken = await Promise.allSettled(parts.map((part) => part.taken));
  return taken.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
