import {
  CASHBACK_FEED,
  type CashbackVersion,
  type Observing,
  countDuePolls,
  findChangedOrders,
  findForeignChanges,
  followedPlaces,
  makeDue,
  moveObserved,
  observeSince,
  readObserving,
} from '@cashback/cashback-db';
import type { FeedStep } from '@cashback/core';
import { type StoredPlace, withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../../context.ts';
import { inParts, unlocked } from '../claim-orders.ts';
import { decideFollowStep } from './decide-follow-step.ts';
import { createUnobservedChanges } from './unobserved-changes.ts';

type Step<Name extends FeedStep<never>['step']> = Extract<FeedStep<CashbackVersion>, { step: Name }>;
type FollowContext = Pick<WorkerContext, 'database' | 'transactions' | 'log'>;

export interface FollowOptions {
  /** Changes of a page, and orders that are made due at a time. */
  page_size: number;
  /** How long an implementation that does not offer the feed is left alone. */
  absent_ms: number;
  /** For how long answers of an earlier moment count as those of a replica that lags. */
  lag_bound_ms: number;
  /** After a restore of `transactions`: the orders that changed within this time are observed. */
  restore_window_ms: number;
}

/** How this worker follows the feed of changed cashback. */
export interface FollowState {
  state: 'starting' | 'following' | 'reading_again' | 'behind' | 'not_offered';
  epoch: number | null;
  /** Since when each answer is older than earlier ones, as of a replica that lags; null: the last one was not. */
  behind_since: string | null;
  /** When a worker was at the end of the feed last. */
  caught_up_at: string | null;
  /** The orders that changed since then are being observed; null: none is left to do. */
  observing_since: string | null;
}

export interface Follower {
  /** Resolves with true when there is more to do at once. */
  turn(signal: AbortSignal): Promise<boolean>;
  state(): FollowState;
}

/**
 * Follows the feed of changed cashback of `transactions`, and makes orders due that somebody else changed.
 *
 *     POST /v2/cashback/changes --> page --> changes that none of our operations made --> poll_at = now
 *         ^                           |
 *         |                           +--> the cursor moves, unless another worker has moved it
 *         +-- from the beginning: the epoch is new, or for longer than a bound the epoch was older or the
 *             cursor refused. Then the orders that changed lately are observed, too: their changes may be
 *             lost at transactions
 *
 * The place moves past an order only once it is due: one that stays locked is made due by a later turn.
 * Nothing is read while a page of orders is due already, so live orders do not wait behind foreign changes.
 */
export function createFollower(context: FollowContext, options: FollowOptions): Follower {
  const { database, transactions, log } = context;
  const { pool } = database;
  const { page_size, absent_ms, lag_bound_ms, restore_window_ms } = options;
  const unobserved = createUnobservedChanges();
  let state: FollowState = {
    state: 'starting',
    epoch: null,
    behind_since: null,
    caught_up_at: null,
    observing_since: null,
  };
  let absentUntil = 0;

  async function show(): Promise<void> {
    const place = await followedPlaces.read(pool, CASHBACK_FEED);
    const { observe_since } = await readObserving(pool, CASHBACK_FEED);
    const reading = place.reads_again ? 'reading_again' : 'following';
    const offered = place.behind_since === null ? reading : 'behind';
    state = {
      state: absentUntil > 0 ? 'not_offered' : offered,
      epoch: place.epoch,
      behind_since: place.behind_since?.toISOString() ?? null,
      caught_up_at: place.caught_up_at?.toISOString() ?? null,
      observing_since: observe_since?.toISOString() ?? null,
    };
  }

  /** Each order alone if one of them is locked. Returns those that stay locked. */
  async function makeOrdersDue(orderIds: readonly string[]): Promise<string[]> {
    if (orderIds.length === 0) return [];
    const due = new Set(
      await unlocked(
        await inParts(orderIds, (part) => withTransaction(database, (tx) => makeDue(tx, part, 'feed'))),
      ),
    );
    const left = orderIds.filter((orderId) => !due.has(orderId));
    const [first] = left;
    if (left.length > 0) log.warn({ orders: left.length, first }, 'orders are locked, and made due later');
    return left;
  }

  async function checkUnobserved(): Promise<void> {
    const found = await findForeignChanges(pool, unobserved.take());
    const still = found.filter(({ is_observed }) => !is_observed);
    await makeOrdersDue(still.map(({ order_id }) => order_id));
    unobserved.keep(still);
  }

  async function observeChanged(from: Observing): Promise<boolean> {
    if (from.observe_since === null) return false;
    const { order_ids, last } = await findChangedOrders(pool, {
      since: from.observe_since,
      after: from.observed_to,
      limit: page_size,
    });
    const [locked] = await makeOrdersDue(order_ids);
    if (locked !== undefined) {
      const before = order_ids[order_ids.indexOf(locked) - 1] ?? from.observed_to;
      await moveObserved(pool, { feed: CASHBACK_FEED, from, last: before });
      return false;
    }
    await moveObserved(pool, { feed: CASHBACK_FEED, from, last });
    if (last === null) log.info({ since: from.observe_since }, 'the orders that changed since are all due');
    return last !== null;
  }

  async function readPage(from: StoredPlace, signal: AbortSignal): Promise<boolean> {
    if (Date.now() < absentUntil) return false;
    const answer = await transactions.cashbackChanges({ after: from.cursor, limit: page_size }, signal);
    const decided = decideFollowStep(from, answer, { page_size, lag_bound_ms, now: from.now });
    if (decided.step === 'wait') {
      waitForFeed(decided.reason);
      return false;
    }
    if (absentUntil > 0) log.info('the feed of changed cashback is offered now');
    absentUntil = 0;
    switch (decided.step) {
      case 'behind':
        await stayBehind(from, decided);
        return false;
      case 'start_over':
        await startOver(from, decided);
        return false;
      case 'take':
        return takePage(from, decided);
    }
  }

  function waitForFeed(reason: string): void {
    if (absentUntil === 0) {
      log.warn(
        { reason, absent_ms },
        'no feed of changed cashback: foreign changes of settled orders are found by their audits',
      );
    }
    absentUntil = Date.now() + absent_ms;
  }

  async function takePage(from: StoredPlace, { changes, to, is_end, more }: Step<'take'>): Promise<boolean> {
    const foreign = await findForeignChanges(pool, changes);
    if (foreign.length > 0) {
      const [first] = foreign;
      log.warn({ orders: foreign.length, first }, 'orders that no operation of ours changed are observed');
    }
    const locked = await makeOrdersDue(foreign.map(({ order_id }) => order_id));
    unobserved.add(foreign);
    if (locked.length > 0) return false;
    await followedPlaces.move(pool, { feed: CASHBACK_FEED, from, to, is_end });
    if (from.reads_again && is_end) log.info({ cursor: to.cursor }, 'the feed was read again to its end');
    return more;
  }

  async function stayBehind(from: StoredPlace, { to, reason }: Step<'behind'>): Promise<void> {
    await followedPlaces.move(pool, { feed: CASHBACK_FEED, from, to, is_end: false });
    if (from.behind_since !== null) return;
    log.warn(
      { from: from.cursor, reason },
      'the feed of changed cashback is behind what was read of it before',
    );
  }

  async function startOver(from: StoredPlace, { to, reason }: Step<'start_over'>): Promise<void> {
    // Both are written together: after a crash between them the second one would be forgotten.
    const moved = await withTransaction(database, async ({ client }) => {
      if (!(await followedPlaces.move(client, { feed: CASHBACK_FEED, from, to, is_end: false }))) return null;
      return observeSince(client, CASHBACK_FEED, new Date(Date.now() - restore_window_ms));
    });
    if (moved === null) return;
    log.warn(
      { from: from.cursor, reason, observe_since: moved },
      'the feed of changed cashback is read again from its beginning, and the orders that changed lately are observed',
    );
  }

  return {
    async turn(signal) {
      await show();
      if (transactions.state().retry_after_ms > 0) return false;
      if ((await countDuePolls(pool, page_size)) >= page_size) return false;
      await checkUnobserved();
      const moreOrders = await observeChanged(await readObserving(pool, CASHBACK_FEED));
      const moreChanges = await readPage(await followedPlaces.read(pool, CASHBACK_FEED), signal);
      await show();
      return moreOrders || moreChanges;
    },
    state: () => state,
  };
}
