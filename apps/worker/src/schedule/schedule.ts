import { type ChargeOrder, leasePolls } from '@cashback/cashback-db';
import type { DriftFinder } from '@cashback/core';
import { withTransaction } from '@cashback/postgres';
import { createLoop } from '@cashback/service';
import type { WorkerContext } from '../context.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import { claimDue, claimQueued, claimRequested } from './claim-orders.ts';
import { pollTrigger } from './poll-times.ts';
import { type PollRequests, createPollRequests } from './poll-requests.ts';
import { createRunningOrders } from './running-orders.ts';

/**
 * Why and when an order runs. The one time of an order is `poll_at` in its row, so a later step needs no job, a longer
 * wait never hides a shorter one, and polls do not wait behind a backlog of the queue.
 *
 *     job of a register   ------ runQueued ------------------> +-------+
 *     callback            ------ requestPoll --> in memory --> | claim | --> Reconciler.reconcile --+
 *     poll_at has passed  -------------------------- loop ---> +-------+                            |
 *        ^                                                                                          |
 *        +------ the step writes the next poll_at, or none: the order is settled -------------------+
 *        |
 *     sweep: poll_at = now() for an order that is unsettled or needs attention, and has neither a time nor a job
 *     feed: poll_at = now() for an order whose cashback changed by no operation of ours (follow/)
 *     audit: poll_at = now() for a settled order that was not compared for a time (audit/)
 *     balance: poll_at = now() for an order that waits for its wallet, which has money now (balance-callback.ts)
 */
export interface Schedule {
  /** Claims the orders of jobs and runs them. */
  runQueued(orderIds: readonly string[]): Promise<QueuedRun[]>;
  /** Leases orders that run, so that their jobs may end before their steps do. */
  leaseRunning(orderIds: readonly string[]): Promise<void>;
  /** Polls an order soon. A request may be lost, which delays the order only. */
  requestPoll(orderId: string): void;
  /** Resolves when at most a batch of requests waits, or the signal aborts. */
  backlogDrained(signal: AbortSignal): Promise<void>;
  /** Resolves when another order may run, or the signal aborts. */
  untilRoom(signal: AbortSignal): Promise<void>;
  /** Claims no more orders. Those that run go on. */
  stop(): Promise<void>;
  /** Resolves when no order runs. */
  idle(): Promise<void>;
}

export interface QueuedRun {
  order_id: string;
  /** False while the claim still waits for the order's lock. */
  is_running: () => boolean;
  ended: Promise<void>;
}

export interface ScheduleOptions {
  interval_ms: number;
  /** No other worker claims an order that runs here for this long. */
  lease_ms: number;
  /** Most orders that are claimed at once because they are due, and as many that are requested. */
  batch_size: number;
  /** Most orders that run at once. */
  max_in_flight: number;
}

/** Of the orders that are claimed: those that need attention, however many others are due. */
const ATTENTION_SHARE = 1 / 8;
/** Callbacks that arrive in a stream are answered by one turn. */
const MIN_INTERVAL_MS = 25;

export function createSchedule(
  context: WorkerContext,
  reconciler: Reconciler,
  { interval_ms, lease_ms, batch_size, max_in_flight }: ScheduleOptions,
): Schedule {
  const { database, log, readiness, transactions } = context;
  const requests = createPollRequests(batch_size);
  const running = createRunningOrders(reconciler, { max_in_flight, onDue: () => loop.wake() });

  /** Resolves with true when more can be claimed at once. */
  async function turn(signal: AbortSignal): Promise<boolean> {
    await running.untilRoom(signal);
    const { circuit, retry_after_ms } = transactions.state();
    if (signal.aborted || retry_after_ms > 0) return false;
    // A single order is enough to probe with.
    const limit = circuit === 'closed' ? Math.min(2 * batch_size, running.room()) : 1;
    // Requested orders leave room for due ones, and the other way round.
    const taken = requests.take(Math.ceil(limit / 2));
    const left = requests.size;
    const requested = await runRequested(taken);
    const due = await claimDue(database, {
      // Their leases may have run out meanwhile, and a second step would only slow the first one.
      without: running.ids(),
      limit: limit - requested,
      // Rounded by chance: a busy worker has room for one or two at a time.
      needing_attention:
        circuit === 'closed' ? Math.floor((limit - requested) * ATTENTION_SHARE + Math.random()) : 0,
      lease_ms,
    });
    void run(due, pollTrigger);
    return circuit === 'closed' && (requested + due.length >= limit || left > 0);
  }

  /**
   * Returns how many of them run. A step that fails is repeated once at once: a step of another worker may have been in the
   * way. After that the order is polled when its lease has run out.
   */
  async function runRequested(taken: readonly string[]): Promise<number> {
    try {
      const orders = await claimRequested(context, taken, lease_ms);
      void run(orders, () => 'callback', requests);
      return orders.length;
    } catch (error) {
      for (const orderId of taken) requests.add(orderId);
      throw error;
    }
  }

  async function run(
    orders: readonly ChargeOrder[],
    foundBy: (order: ChargeOrder) => DriftFinder,
    ends?: Pick<PollRequests, 'stepEnded' | 'stepFailed'>,
  ): Promise<void> {
    const errors: unknown[] = [];
    await Promise.all(
      orders.map((order) =>
        running.start(order, foundBy(order)).then(
          () => ends?.stepEnded(order.order_id),
          (error: unknown) => {
            errors.push(error);
            ends?.stepFailed(order.order_id);
          },
        ),
      ),
    );
    if (errors.length === 0) return;
    log.error(
      { err: errors[0], orders: errors.length },
      'orders could not be reconciled, they are polled later',
    );
  }

  async function runQueued(orderIds: readonly string[]): Promise<QueuedRun[]> {
    const parts = await claimQueued(database, orderIds);
    return parts.flatMap(({ order_ids, taken }) =>
      order_ids.map((order_id): QueuedRun => {
        let isRunning = false;
        const ended = taken.then(async (orders) => {
          const order = orders.get(order_id);
          if (order === undefined) return;
          isRunning = true;
          await running.start(order, 'job');
        });
        return { order_id, is_running: () => isRunning, ended };
      }),
    );
  }

  const loop = createLoop({
    name: 'poll',
    log,
    readiness,
    interval_ms,
    min_interval_ms: MIN_INTERVAL_MS,
    run: turn,
  });
  return {
    runQueued,
    leaseRunning: (orderIds) => withTransaction(database, (tx) => leasePolls(tx, orderIds, lease_ms)),
    requestPoll(orderId) {
      requests.add(orderId);
      loop.wake();
    },
    backlogDrained: (signal) => requests.drained(signal),
    untilRoom: (signal) => running.untilRoom(signal),
    stop: () => loop.stop(),
    idle: () => running.idle(),
  };
}
