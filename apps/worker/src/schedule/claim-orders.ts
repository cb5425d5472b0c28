import {
  type ChargeOrder,
  type PollRequest,
  claimPolls,
  findDuePolls,
  leasePolls,
  loadChargeOrders,
  loadRequestedOrders,
  lockOrders,
} from '@cashback/cashback-db';
import { type Database, isLockTimeout, withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../context.ts';
import { isAtRest } from '../reconcile/decide-step.ts';

/**
 * Orders of jobs. Their jobs stand for them, so no lease is written. The claim waits for the locks: a register whose
 * job was skipped in favour of one of these may not have committed yet, and its target would be missed.
 */
export function claimQueued(
  database: Database,
  orderIds: readonly string[],
): Promise<Part<Map<string, ChargeOrder>>[]> {
  return inParts(orderIds, async (part) => {
    const orders = await withTransaction(database, async (tx) => {
      await lockOrders(tx, part);
      return loadChargeOrders(tx, part);
    });
    return new Map([...orders].filter(([, order]) => !isAtRest(order)));
  });
}

/** Orders whose `poll_at` has passed, longest due first, leased to this worker. Locked ones are left for later. */
export async function claimDue(
  database: Database,
  { without, limit, lease_ms }: { without: readonly string[]; limit: number; lease_ms: number },
): Promise<ChargeOrder[]> {
  if (limit <= 0) return [];
  const due = await findDuePolls(database.pool, { limit, without });
  if (due.length === 0) return [];
  return unlocked(
    await inParts(due, (part) => withTransaction(database, (tx) => claimPolls(tx, { due: part, lease_ms }))),
  );
}

/**
 * Orders that still have the operation of their request open. Their own polls stay, so they need no lease. An order
 * that needs attention has no poll: it is leased, so that a crash of this worker does not lose the request.
 */
export async function claimRequested(
  { database, log }: WorkerContext,
  requests: readonly PollRequest[],
  lease_ms: number,
): Promise<ChargeOrder[]> {
  const orders = await loadRequestedOrders(database.pool, requests);
  const unpolled = orders.filter(({ attention }) => attention !== null).map(({ order_id }) => order_id);
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
