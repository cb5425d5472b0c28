import { withTransaction } from '@cashback/postgres';
import { HttpCallError, type Loop, type Readiness, createLoop } from '@cashback/service';
import type { TrustWallet } from '@cashback/wire';
import { adoptBalance } from '../adopt-balance.ts';
import { type CheckContext, reportOf } from '../checks/check-wallet.ts';
import { loadBalances } from '../db/load-balances.ts';
import { type FollowedPlace, moveFeedPlace, readFeedPlace } from '../db/feed-place.ts';
import type { FeedPlace } from '@cashback/core';
import { type BalanceReport, decideAdoption } from '../decide-adoption.ts';
import type { Settings } from '../env.ts';
import { decideFollowStep } from './decide-follow-step.ts';

const FEED = 'changed_balances';

/** How this process follows the feed. */
export interface FollowState {
  state: 'starting' | 'following' | 'reading_again' | 'not_offered';
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
 *         +-- from the beginning: the cursor was refused, or the epoch is new
 */
export function createFollower(
  context: CheckContext,
  { feed_interval_ms, feed_page_size, feed_absent_ms, readiness }: Settings & { readiness: Readiness },
): Follower {
  const { database, trust, log } = context;
  let state: FollowState = { state: 'starting', caught_up_at: null };
  let absentUntil = 0;

  function show({ reads_again, caught_up_at }: FollowedPlace): void {
    const reading = reads_again ? 'reading_again' : 'following';
    state = {
      state: absentUntil > 0 ? 'not_offered' : reading,
      caught_up_at: caught_up_at?.toISOString() ?? null,
    };
  }

  async function turn(signal: AbortSignal): Promise<boolean> {
    // While it is down, the place stays. Past that time one call probes it.
    if (Date.now() < absentUntil || trust.state().retry_after_ms > 0) return false;
    const from = await readFeedPlace(database, FEED);
    const decided = decideFollowStep(from, await readPage(from, signal), feed_page_size);
    if (decided.step === 'wait') {
      if (absentUntil === 0) {
        const { reason } = decided;
        log.warn(
          { reason },
          'no feed of changed balances: a wallet whose first callback is lost is found when it is read',
        );
      }
      absentUntil = Date.now() + feed_absent_ms;
    } else {
      absentUntil = 0;
      if (decided.step === 'start_over') {
        const { reason } = decided;
        log.warn(
          { from: from.cursor, reason },
          'the feed of changed balances is read again from its beginning',
        );
      }
      const wallets = decided.step === 'take' ? decided.changes : [];
      await adoptAll(wallets, { from, to: decided.to, is_end: decided.step === 'take' && decided.is_end });
    }
    show(await readFeedPlace(database, FEED));
    return decided.step === 'take' && decided.more;
  }

  async function readPage({ cursor }: FeedPlace, signal: AbortSignal) {
    try {
      return { page: await trust.walletChanges({ after: cursor, limit: feed_page_size }, signal) };
    } catch (error) {
      if (!(error instanceof HttpCallError)) throw error;
      return { error };
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
      await moveFeedPlace(tx, { feed: FEED, ...place });
    });
  }

  /** In one order everywhere, so that two readers never wait for each other's wallets. */
  async function newerThanCache(wallets: readonly TrustWallet[]): Promise<BalanceReport[]> {
    const ids = wallets.map(({ wallet_id }) => wallet_id);
    const cached = new Map((await loadBalances(database.drizzle, ids)).map((one) => [one.wallet_id, one]));
    return wallets
      .flatMap((wallet) => {
        // Without a user only known wallets can be adopted; the check of each finds those.
        if (wallet.user_id === undefined) return [];
        const report = reportOf(wallet, wallet.user_id);
        return decideAdoption(cached.get(wallet.wallet_id) ?? null, report) === null ? [] : [report];
      })
      .toSorted((a, b) => (a.wallet_id < b.wallet_id ? -1 : 1));
  }

  const loop: Loop = createLoop({
    name: 'feed',
    log: context.log,
    readiness,
    interval_ms: feed_interval_ms,
    run: turn,
  });
  return { state: () => state, stop: () => loop.stop() };
}
