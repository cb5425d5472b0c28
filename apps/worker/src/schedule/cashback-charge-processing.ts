import { setTimeout as delay } from 'node:timers/promises';
import { type ChargeOrder, leasePolls, loadChargeOrders, lockOrders } from '@cashback/cashback-db';
import { type JobHandler, isLockTimeout, withTransaction } from '@cashback/postgres';
import type { Charger } from '../reconcile/reconciler.ts';
import type { WorkerContext } from '../context.ts';
import { isAtRest } from '../reconcile/decide-step.ts';
import type { Poller } from './poll-orders.ts';

export interface ChargeJobsOptions {
  /** When an order that was handed over is looked at again if its worker dies meanwhile. */
  lease_ms: number;
  poller: Pick<Poller, 'untilCaughtUp'>;
}

/** A batch is held no longer, so that its jobs do not expire. */
const MAX_HOLD_MS = 30_000;
/** Orders of a batch that take longer are handed over, so that the jobs behind them come up. */
const HAND_OVER_MS = 500;

/**
 * The handler of `cashback_charge_processing`: registers made these orders due. A job is done when its order is a step
 * on, or stands to be looked at again by itself; one fails when neither could be brought about.
 */
export function createChargeHandler(
  context: WorkerContext,
  charger: Charger,
  { lease_ms, poller }: ChargeJobsOptions,
): JobHandler<{ order_id: string }> {
  return async (jobs, signal) => {
    await untilAnswering(context, signal);
    const batch = createBatch(context, charger);
    await batch.begin([...new Set(jobs.map(({ payload }) => payload.order_id))]);
    while (!(await batch.done(HAND_OVER_MS))) await batch.handOver(lease_ms);
    await charger.untilRoom(signal);
    // Who has begun is seen through before others begin: else the ends of a long queue's operations wait in a queue of their own.
    await caughtUp(context, poller, signal);
    return new Map(
      jobs.flatMap(({ id, payload }) => {
        const error = batch.failed.get(payload.order_id);
        return error === undefined ? [] : [[id, error]];
      }),
    );
  };
}

/**
 * While `transactions` is down the queue stands still: the batch in hand waits for the next probe, and the jobs behind
 * it are not even taken. After that wait its orders are tried, and looked at again later if that is in vain.
 */
async function untilAnswering({ transactions, stopping }: WorkerContext, signal: AbortSignal): Promise<void> {
  const { retry_after_ms } = transactions.state();
  if (retry_after_ms === 0) return;
  const end = AbortSignal.any([signal, stopping]);
  await delay(Math.min(retry_after_ms, MAX_HOLD_MS), undefined, { signal: end }).catch(() => {});
}

function caughtUp(
  { stopping }: WorkerContext,
  poller: Pick<Poller, 'untilCaughtUp'>,
  signal: AbortSignal,
): Promise<void> {
  return poller.untilCaughtUp(AbortSignal.any([signal, stopping, AbortSignal.timeout(MAX_HOLD_MS)]));
}

function createBatch(context: WorkerContext, charger: Charger) {
  const { database, log } = context;
  const failed = new Map<string, Error>();
  const unfinished = new Map<string, Promise<void>>();
  const charging = new Set<string>();

  function charge(order: ChargeOrder): Promise<void> {
    charging.add(order.order_id);
    return charger.charge(order);
  }

  function follow(order_id: string, look: Promise<void>): void {
    const followed = look.catch((error: unknown) => {
      if (unfinished.has(order_id)) failed.set(order_id, asError(error));
      else log.error({ err: error, order_id }, 'order could not be charged, it is looked at again later');
    });
    unfinished.set(
      order_id,
      followed.finally(() => unfinished.delete(order_id)),
    );
  }

  /** One order that somebody keeps locked holds up no other: then each is loaded by itself. */
  async function begin(orderIds: readonly string[]): Promise<void> {
    try {
      for (const order of await load(context, orderIds)) follow(order.order_id, charge(order));
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      const lookAlone = async (orderId: string): Promise<void> => {
        for (const order of await load(context, [orderId])) await charge(order);
      };
      for (const orderId of orderIds) follow(orderId, lookAlone(orderId));
    }
  }

  /** Resolves when all is done, with true, or after the time. */
  async function done(within_ms: number): Promise<boolean> {
    if (unfinished.size === 0) return true;
    const timer = new AbortController();
    const late = delay(within_ms, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([Promise.all(unfinished.values()), late]);
    timer.abort();
    return unfinished.size === 0;
  }

  /** Those that are being charged go on, but nobody waits for them: their rows say when they are looked at again. */
  async function handOver(lease_ms: number): Promise<void> {
    const slow = [...unfinished.keys()].filter((orderId) => charging.has(orderId));
    try {
      await withTransaction(database, (tx) => leasePolls(tx, slow, lease_ms));
    } catch (error) {
      log.warn({ err: error, orders: slow.length }, 'slow orders cannot be handed over, they are waited for');
      return;
    }
    for (const orderId of slow) unfinished.delete(orderId);
  }

  return { failed, begin, done, handOver };
}

/**
 * The first look waits for the locks, too: a register whose job was skipped in favour of one of ours is not committed
 * yet, and without waiting for it the order would be seen as it was before.
 */
async function load({ database }: WorkerContext, orderIds: readonly string[]): Promise<ChargeOrder[]> {
  const orders = await withTransaction(database, async (tx) => {
    await lockOrders(tx, orderIds);
    return loadChargeOrders(tx, orderIds);
  });
  return [...orders.values()].filter((order) => !isAtRest(order));
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
