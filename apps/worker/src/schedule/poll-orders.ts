import {
  type ChargeOrder,
  type WantedPoll,
  claimPolls,
  findDuePolls,
  leasePolls,
  loadWantedOrders,
} from '@cashback/cashback-db';
import { isLockTimeout, withTransaction } from '@cashback/postgres';
import { createLoop } from '@cashback/service';
import type { Charger } from '../reconcile/reconciler.ts';
import type { WorkerContext } from '../context.ts';
import { createGate } from './gate.ts';

export interface PollOptions {
  interval_ms: number;
  /** Nobody else takes the orders that are looked at here for so long. */
  lease_ms: number;
  /** Most orders that are taken at a time because they are due, and as many that callbacks asked for. */
  batch_size: number;
}

export interface Poller {
  /** Looks for orders that are due now, not after the pause. */
  wake(): void;
  /** Looks at an order now if it has this operation open. May be forgotten, which delays and loses nothing. */
  want(poll: WantedPoll): void;
  /** Resolves when what callbacks asked for is looked at, but for a batch, or the signal aborts. */
  untilCaughtUp(signal: AbortSignal): Promise<void>;
  /** Takes no more orders; those that are looked at go on. */
  stop(): Promise<void>;
}

/** Of a stream of callbacks several are looked at together. */
const PACE_MS = 25;
/** What callbacks ask for in a flood waits for its poll. */
const MAX_WANTED = 10_000;

/**
 * Looks again at orders whose time has come. When that is stands in their rows, so a later look needs no job, a longer
 * wait never hides a shorter one, and polls are not behind a backlog of the queue.
 */
export function startPoller(context: WorkerContext, charger: Charger, options: PollOptions): Poller {
  const { interval_ms, lease_ms, batch_size } = options;
  /** The order of each operation: an older one's never displaces that of the one that is open. */
  const wanted = new Map<string, string>();
  const caughtUp = createGate(() => wanted.size <= batch_size);

  async function turn(signal: AbortSignal): Promise<boolean> {
    await charger.untilRoom(signal);
    const { circuit, retry_after_ms } = context.transactions.state();
    if (signal.aborted || retry_after_ms > 0) return false;
    // One order is enough to probe with.
    const limit = circuit === 'closed' ? Math.min(2 * batch_size, charger.room()) : 1;
    // A flood of callbacks leaves room for those that are due, and the other way round.
    const { taken, left } = takeWanted(Math.ceil(limit / 2));
    const told = await lookAtWanted(taken);
    const due = await claimDue(context, {
      without: charger.charging(),
      limit: limit - told,
      lease_ms,
    });
    void look(due);
    return circuit === 'closed' && (told + due.length >= limit || left > 0);
  }

  /** How many of them are being looked at. What comes to nothing here is wanted again, a turn later. */
  async function lookAtWanted(taken: readonly WantedPoll[]): Promise<number> {
    try {
      const told = await loadWantedOrders(context.database.pool, taken);
      await keepLooking(told);
      void look(told, ({ order_id, operation_id }) => {
        if (operation_id !== null) remember({ order_id, operation_id });
      });
      return told.length;
    } catch (error) {
      for (const poll of taken) remember(poll);
      throw error;
    }
  }

  /** Who needs attention is looked at for nothing else: should this worker die, he is after the lease. */
  async function keepLooking(told: readonly ChargeOrder[]): Promise<void> {
    const given = told.filter(({ attention }) => attention !== null).map(({ order_id }) => order_id);
    if (given.length === 0) return;
    try {
      await withTransaction(context.database, (tx) => leasePolls(tx, given, lease_ms));
    } catch (error) {
      context.log.warn({ err: error, orders: given.length }, 'orders are looked at without a lease');
    }
  }

  async function look(
    orders: readonly ChargeOrder[],
    onFailure: (order: ChargeOrder) => void = () => {},
  ): Promise<void> {
    const ends = await Promise.allSettled(
      orders.map(async (order) => {
        try {
          await charger.charge(order);
        } catch (error) {
          onFailure(order);
          throw error;
        }
      }),
    );
    const failed = ends.filter((end) => end.status === 'rejected');
    if (failed.length === 0) return;
    const line = { err: failed[0]?.reason as unknown, orders: failed.length };
    context.log.error(line, 'orders could not be charged, they are looked at again later');
  }

  function takeWanted(limit: number): { taken: WantedPoll[]; left: number } {
    const taken = [...wanted].slice(0, limit);
    for (const [operation_id] of taken) wanted.delete(operation_id);
    caughtUp.look();
    return {
      taken: taken.map(([operation_id, order_id]) => ({ order_id, operation_id })),
      left: wanted.size,
    };
  }

  function remember({ order_id, operation_id }: WantedPoll): void {
    if (wanted.size < MAX_WANTED) wanted.set(operation_id, order_id);
  }

  const loop = createLoop({ name: 'poll', log: context.log, interval_ms, pace_ms: PACE_MS, run: turn });
  return {
    wake: () => loop.wake(),
    want(poll) {
      remember(poll);
      loop.wake();
    },
    untilCaughtUp: (signal) => caughtUp.untilOpen(signal),
    stop: () => loop.stop(),
  };
}

interface Claim {
  /** Orders that are being charged here: their leases may run out meanwhile, and a second look only slows the first. */
  without: readonly string[];
  limit: number;
  lease_ms: number;
}

/** One order that somebody keeps locked holds up no other: then each is claimed by itself, and that one is left out. */
async function claimDue(
  { database }: WorkerContext,
  { without, limit, lease_ms }: Claim,
): Promise<ChargeOrder[]> {
  if (limit <= 0) return [];
  const found = await findDuePolls(database.pool, { limit, without });
  if (found.length === 0) return [];
  const take = (due: readonly string[]): Promise<ChargeOrder[]> =>
    withTransaction(database, (tx) => claimPolls(tx, { due, lease_ms }));
  try {
    return await take(found);
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
  }
  const claimed = await Promise.allSettled(found.map((orderId) => take([orderId])));
  return claimed.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}
