import {
  CASHBACK_FEED,
  type CashbackVersion,
  countDuePolls,
  findForeignChanges,
  followedPlaces,
  observeSince,
  readObserving,
} from '@cashback/cashback-db';
import { type FollowState, type FollowedFeed, type MovePlace, createFollower } from '@cashback/feeds';
import { withTransaction } from '@cashback/postgres';
import type { CashbackChangesOutput } from '@cashback/wire';
import type { WorkerContext } from '../../context.ts';
import { decideFollowStep } from './decide-follow-step.ts';
import { makeOrdersDue } from './make-orders-due.ts';
import { observeChanged } from './observe-changed.ts';
import { type UnobservedChanges, createUnobservedChanges } from './unobserved-changes.ts';

type ChangesContext = Pick<WorkerContext, 'database' | 'transactions' | 'log'>;

export interface ChangesOptions {
  /** Changes of a page, and orders that are made due at a time. */
  page_size: number;
  /** How long an implementation that does not offer the feed is left alone. */
  absent_ms: number;
  /** For how long answers of an earlier moment count as those of a replica that lags. */
  lag_bound_ms: number;
  /** After a restore of `transactions`: the orders that changed within this time are observed. */
  restore_window_ms: number;
}

export interface ChangesState extends FollowState {
  /** The orders that changed since then are being observed; null: none is left to do. */
  observing_since: string | null;
}

export interface ChangesFollower {
  /** Resolves with true when there is more to do at once. */
  turn(signal: AbortSignal): Promise<boolean>;
  state(): ChangesState;
}

/**
 * Follows the feed of changed cashback of `transactions`, and makes orders due that another caller changed.
 *
 *     POST /v2/cashback/changes --> page --> changes that none of our operations made --> poll_at = now
 *         ^                           |
 *         |                           +--> the cursor moves, unless another worker has moved it
 *         +-- from the beginning: the epoch is new, or for longer than a bound the epoch was older or the
 *             cursor refused. Then the orders that changed lately are observed, too: their changes may be
 *             lost at transactions
 *
 * Nothing is read while a page of orders is due already, so live orders do not wait behind foreign changes.
 */
export function followChanges(context: ChangesContext, options: ChangesOptions): ChangesFollower {
  const { database, transactions } = context;
  const { page_size } = options;
  const unobserved = createUnobservedChanges();
  const follower = createFollower(changedCashback(context, options, unobserved), context, options);
  let observing_since: string | null = null;

  async function readObservingSince(): Promise<void> {
    const { observe_since } = await readObserving(database.pool, CASHBACK_FEED);
    observing_since = observe_since?.toISOString() ?? null;
  }

  async function checkUnobserved(): Promise<void> {
    const found = await findForeignChanges(database.pool, unobserved.take());
    const still = found.filter(({ is_observed }) => !is_observed);
    await makeOrdersDue(
      context,
      still.map(({ order_id }) => order_id),
    );
    unobserved.keep(still);
  }

  return {
    async turn(signal) {
      await Promise.all([follower.refresh(), readObservingSince()]);
      if (transactions.state().retry_after_ms > 0) return false;
      if ((await countDuePolls(database.pool, page_size)) >= page_size) return false;
      await checkUnobserved();
      const moreOrders = await observeChanged(context, page_size);
      const moreChanges = await follower.turn(signal);
      await readObservingSince();
      return moreOrders || moreChanges;
    },
    state: () => ({ ...follower.state(), observing_since }),
  };
}

function changedCashback(
  context: ChangesContext,
  { absent_ms, restore_window_ms }: ChangesOptions,
  unobserved: UnobservedChanges,
): FollowedFeed<CashbackChangesOutput, CashbackVersion> {
  const { database, transactions, log } = context;

  /** The place moves past an order only once it is due: one that stays locked is made due by a later turn. */
  async function take(changes: readonly CashbackVersion[], move: MovePlace): Promise<boolean> {
    const foreign = await findForeignChanges(database.pool, changes);
    const orderIds = foreign.map(({ order_id }) => order_id);
    if (foreign.length > 0) {
      const [first] = foreign;
      log.warn({ orders: foreign.length, first }, 'orders that no operation of ours changed are observed');
    }
    const locked = await makeOrdersDue(context, orderIds);
    unobserved.add(foreign);
    if (locked.length > 0) return false;
    await move(database.pool);
    return true;
  }

  async function startOver(move: MovePlace): Promise<boolean> {
    // Both are written together: after a crash between them the second one would be forgotten.
    const observe_since = await withTransaction(database, async ({ client }) => {
      if (!(await move(client))) return null;
      return observeSince(client, CASHBACK_FEED, new Date(Date.now() - restore_window_ms));
    });
    if (observe_since === null) return false;
    log.warn({ observe_since }, 'the orders that changed lately are observed');
    return true;
  }

  return {
    key: CASHBACK_FEED,
    of: 'changed cashback',
    places: followedPlaces,
    ask: (page, signal) => transactions.cashbackChanges(page, signal),
    decide: decideFollowStep,
    take,
    startOver,
    absence: {
      leads_to: 'foreign changes of settled orders are found by their audits',
      ask_again_ms: absent_ms,
    },
  };
}
