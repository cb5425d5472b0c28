import { type StoredPlace, withTransaction } from '@cashback/postgres';
import { type Loop, type Readiness, createLoop, feedAnswerOf, resultOfCall } from '@cashback/service';
import type { TrustWallet } from '@cashback/wire';
import { adoptBalance } from '../adopt-balance.ts';
import type { BalanceReport } from '../balance-report.ts';
import type { CheckContext } from '../checks/check-wallet.ts';
import { loadBalances } from '../db/load-balances.ts';
import { followedPlaces } from '../db/feed-place.ts';
import type { FeedPlace, FeedStep } from '@cashback/core';
import type { Settings } from '../env.ts';
import { decideFollowStep } from './decide-follow-step.ts';
import { newerReports } from './newer-reports.ts';

const FEED = 'changed_balances';

/** How this process follows the feed. */
export interface FollowState {
  state: 'starting' | 'following' | 'reading_again' | 'behind' | 'not_offered';
  /** Since when each answer is older than earlier ones, as of a replica that lags; null: the last one was not. */
  behind_since: string | null;
  /** When a reader was at the end of the feed last: its age is the lag. */
  caught_up_at: string | null;
}

export interface Follower {
  state(): FollowState;
  stop(): Promise<void>;
}

/**
 * Reads the payment system's feed of changed balances, and adopts what is newer than the cache. A wallet whose first
 * callback was lost is found so: it is not in the cache, so no check would ask for it.
 *
 *     GET /wallets?after= --> page --> newer than the cache --> adopted and pushed, as from a check
 *         ^                     |
 *         |                     +--> the cursor moves with it, unless another process has moved it
 *         +-- from the beginning: the epoch is new, or for longer than a bound the epoch was older or the cursor refused
 */
export function createFollower(
  context: CheckContext,
  settings: Settings & { readiness: Readiness },
): Follower {
  const { database, trust, log } = context;
  const { pool } = database;
  const { feed_page_size: page_size, feed_lag_bound_ms: lag_bound_ms } = settings;
  let state: FollowState = { state: 'starting', behind_since: null, caught_up_at: null };
  let absentUntil = 0;

  function show({ reads_again, behind_since, caught_up_at }: StoredPlace): void {
    const reading = reads_again ? 'reading_again' : 'following';
    const offered = behind_since === null ? reading : 'behind';
    state = {
      state: absentUntil > 0 ? 'not_offered' : offered,
      behind_since: behind_since?.toISOString() ?? null,
      caught_up_at: caught_up_at?.toISOString() ?? null,
    };
  }

  async function turn(signal: AbortSignal): Promise<boolean> {
    // While it is down, the place stays. Past that time one call probes it.
    if (Date.now() < absentUntil || trust.state().retry_after_ms > 0) return false;
    const from = await followedPlaces.read(pool, FEED);
    const call = trust.walletChanges({ after: from.cursor, limit: page_size }, signal);
    const answer = feedAnswerOf(await resultOfCall(call));
    const decided = decideFollowStep(from, answer, { page_size, lag_bound_ms, now: from.now });
    if (decided.step === 'wait') {
      if (absentUntil === 0) {
        const { reason } = decided;
        log.warn(
          { reason },
          'no feed of changed balances: a wallet whose first callback is lost is found when it is read',
        );
      }
      absentUntil = Date.now() + settings.feed_absent_ms;
    } else {
      absentUntil = 0;
      reportStep(decided, from);
      const wallets = decided.step === 'take' ? decided.changes : [];
      await adoptAll(wallets, { from, to: decided.to, is_end: decided.step === 'take' && decided.is_end });
    }
    show(await followedPlaces.read(pool, FEED));
    return decided.step === 'take' && decided.more;
  }

  function reportStep(decided: FeedStep<TrustWallet>, { cursor, behind_since }: StoredPlace): void {
    if (decided.step === 'start_over') {
      const { reason } = decided;
      log.warn({ from: cursor, reason }, 'the feed of changed balances is read again from its beginning');
    } else if (decided.step === 'behind' && behind_since === null) {
      const { reason } = decided;
      log.warn({ from: cursor, reason }, 'the feed of changed balances is behind what was read of it before');
    }
  }

  /** What is newer than the cache, and the place after it: together or not at all. */
  async function adoptAll(
    wallets: readonly TrustWallet[],
    place: { from: FeedPlace; to: FeedPlace; is_end: boolean },
  ): Promise<void> {
    const newer = await newerThanCache(wallets);
    await withTransaction(database, async (tx) => {
      for (const report of newer) await adoptBalance(context, tx, report, 'check');
      await followedPlaces.move(tx.client, { feed: FEED, ...place });
    });
  }

  async function newerThanCache(wallets: readonly TrustWallet[]): Promise<BalanceReport[]> {
    const ids = wallets.map(({ wallet_id }) => wallet_id);
    const cached = await loadBalances(database.pool, ids);
    return newerReports(wallets, new Map(cached.map((one) => [one.wallet_id, one])));
  }

  const loop: Loop = createLoop({
    name: 'feed',
    log: context.log,
    readiness: settings.readiness,
    interval_ms: settings.feed_interval_ms,
    run: turn,
  });
  return { state: () => state, stop: () => loop.stop() };
}
