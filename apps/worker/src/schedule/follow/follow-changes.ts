import {
  CASHBACK_FEED,
  type FollowedPlace,
  countDuePolls,
  findChangedOrders,
  findForeignChanges,
  makeDue,
  moveFeedPlace,
  moveObserved,
  observeSince,
  readFeedPlace,
} from '@cashback/cashback-db';
import type { FeedPlace } from '@cashback/core';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../../context.ts';
import { inParts, unlocked } from '../claim-orders.ts';
import { decideFollowStep } from './decide-follow-step.ts';
import { createUnobservedChanges } from './unobserved-changes.ts';

type FollowContext = Pick<WorkerContext, 'database' | 'transactions' | 'log'>;

export interface FollowOptions {
  /** Changes of a page, and orders that are made due at a time. */
  page_size: number;
  /** How long an implementation that does not offer the feed is left alone. */
  absent_ms: number;
  /** After a restore of `transactions`: the orders that changed within this time are observed. */
  restore_window_ms: number;
}

/** How this worker follows the feed of changed cashback. */
export interface FollowState {
  state: 'starting' | 'following' | 'reading_again' | 'not_offered';
  epoch: number | null;
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
 *         +-- from the beginning: the cursor was refused, or the epoch is new. Then the orders that
 *             changed lately are observed, too: their changes may be lost at transactions
 *
 * Nothing is read while a page of orders is due already, so live orders do not wait behind foreign changes.
 */
export function createFollower(context: FollowContext, options: FollowOptions): Follower {
  const { database, transactions, log } = context;
  const { pool } = database;
  const { page_size, absent_ms, restore_window_ms } = options;
  const unobserved = createUnobservedChanges();
  let state: FollowState = { state: 'starting', epoch: null, caught_up_at: null, observing_since: null };
  let absentUntil = 0;

  function show(place: FollowedPlace): void {
    state = {
      state: absentUntil > 0 ? 'not_offered' : place.reads_again ? 'reading_again' : 'following',
      epoch: place.epoch,
      caught_up_at: place.caught_up_at?.toISOString() ?? null,
      observing_since: place.observe_since?.toISOString() ?? null,
    };
  }

  /** Each order alone if one of them is locked. One that stays locked is left out. */
  async function makeOrdersDue(orderIds: readonly string[]): Promise<void> {
    if (orderIds.length === 0) return;
    await unlocked(
      await inParts(orderIds, (part) => withTransaction(database, (tx) => makeDue(tx, part, 'feed'))),
    );
  }

  async function checkUnobserved(): Promise<void> {
    const found = await findForeignChanges(pool, unobserved.take());
    const still = found.filter(({ is_observed }) => !is_observed);
    await makeOrdersDue(still.map(({ order_id }) => order_id));
    unobserved.keep(still);
  }

  async function observeChanged(from: FollowedPlace): Promise<boolean> {
    if (from.observe_since === null) return false;
    const { order_ids, last } = await findChangedOrders(pool, {
      since: from.observe_since,
      after: from.observed_to,
      limit: page_size,
    });
    await makeOrdersDue(order_ids);
    await moveObserved(pool, { feed: CASHBACK_FEED, from, last });
    if (last === null) log.info({ since: from.observe_since }, 'the orders that changed since are all due');
    return last !== null;
  }

  async function readPage(from: FollowedPlace, signal: AbortSignal): Promise<boolean> {
    if (Date.now() < absentUntil) return false;
    const answer = await transactions.cashbackChanges({ after: from.cursor, limit: page_size }, signal);
    const decided = decideFollowStep(from, answer, page_size);
    if (decided.step === 'wait') {
      if (absentUntil === 0) {
        const { reason } = decided;
        log.warn(
          { reason, absent_ms },
          'no feed of changed cashback: foreign changes of settled orders are found by their audits',
        );
      }
      absentUntil = Date.now() + absent_ms;
      return false;
    }
    if (absentUntil > 0) log.info('the feed of changed cashback is offered now');
    absentUntil = 0;
    if (decided.step === 'start_over') {
      await startOver(from, decided);
      // Two replicas in different epochs would start it over without end.
      return false;
    }
    const foreign = await findForeignChanges(pool, decided.changes);
    if (foreign.length > 0) {
      const [first] = foreign;
      log.warn({ orders: foreign.length, first }, 'orders that no operation of ours changed are observed');
    }
    await makeOrdersDue(foreign.map(({ order_id }) => order_id));
    unobserved.add(foreign);
    const { to, is_end, more } = decided;
    await moveFeedPlace(pool, { feed: CASHBACK_FEED, from, to, is_end });
    if (from.reads_again && is_end) log.info({ cursor: to.cursor }, 'the feed was read again to its end');
    return more;
  }

  async function startOver(
    from: FollowedPlace,
    { to, reason }: { to: FeedPlace; reason: string },
  ): Promise<void> {
    // Both are written together: after a crash between them the second one would be forgotten.
    const moved = await withTransaction(database, async ({ client }) => {
      if (!(await moveFeedPlace(client, { feed: CASHBACK_FEED, from, to, is_end: false }))) return null;
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
      const place = await readFeedPlace(pool, CASHBACK_FEED);
      show(place);
      if (transactions.state().retry_after_ms > 0) return false;
      if ((await countDuePolls(pool, page_size)) >= page_size) return false;
      await checkUnobserved();
      const moreOrders = await observeChanged(place);
      const moreChanges = await readPage(place, signal);
      show(await readFeedPlace(pool, CASHBACK_FEED));
      return moreOrders || moreChanges;
    },
    state: () => state,
  };
}
