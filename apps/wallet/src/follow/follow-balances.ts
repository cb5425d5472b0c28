import {
  type FollowState,
  type FollowedFeed,
  type MovePlace,
  createFollower,
  feedAnswerOf,
} from '@cashback/feeds';
import { type Database, withTransaction } from '@cashback/postgres';
import { type Readiness, createLoop, resultOfCall } from '@cashback/service';
import type { TrustWallet, WalletChangesOutput } from '@cashback/wire';
import { adoptBalance } from '../adopt-balance.ts';
import type { BalanceReport } from '../balance-report.ts';
import type { CheckContext } from '../checks/check-wallet.ts';
import { followedPlaces } from '../db/feed-place.ts';
import { loadBalances } from '../db/load-balances.ts';
import type { Settings } from '../env.ts';
import { decideFollowStep } from './decide-follow-step.ts';
import { newerReports } from './newer-reports.ts';

export interface BalancesFollower {
  state(): FollowState;
  stop(): Promise<void>;
}

/**
 * Follows the payment system's feed of changed balances, and adopts what is newer than the cache. A wallet whose first
 * callback was lost is found so: it is not in the cache, so no check would ask for it.
 *
 *     GET /wallets?after= --> page --> newer than the cache --> adopted and pushed, as from a check
 *         ^                     |
 *         |                     +--> the cursor moves with it, unless another process has moved it
 *         +-- from the beginning: the epoch is new, or for longer than a bound the epoch was older or the cursor refused
 */
export function followBalances(
  context: CheckContext,
  settings: Settings & { readiness: Readiness },
): BalancesFollower {
  const { trust, log } = context;
  const follower = createFollower(changedBalances(context, settings.feed_absent_ms), context, {
    page_size: settings.feed_page_size,
    lag_bound_ms: settings.feed_lag_bound_ms,
  });
  const loop = createLoop({
    name: 'feed',
    log,
    readiness: settings.readiness,
    interval_ms: settings.feed_interval_ms,
    async run(signal) {
      // While it is down, the place stays. Past that time one call probes it.
      return trust.state().retry_after_ms > 0 ? false : follower.turn(signal);
    },
  });
  return { state: () => follower.state(), stop: () => loop.stop() };
}

function changedBalances(
  context: CheckContext,
  ask_again_ms: number,
): FollowedFeed<WalletChangesOutput, TrustWallet> {
  const { database, trust } = context;

  /** What is newer than the cache, and the place after it: together or not at all. */
  async function take(wallets: readonly TrustWallet[], move: MovePlace): Promise<boolean> {
    const newer = await newerThanCache(database, wallets);
    await withTransaction(database, async (tx) => {
      for (const report of newer) await adoptBalance(context, tx, report, 'check');
      await move(tx.client);
    });
    return true;
  }

  return {
    key: 'changed_balances',
    of: 'changed balances',
    places: followedPlaces,
    ask: async (page, signal) => feedAnswerOf(await resultOfCall(trust.walletChanges(page, signal))),
    decide: decideFollowStep,
    take,
    absence: {
      leads_to: 'a wallet whose first callback is lost is found when it is read',
      ask_again_ms,
    },
  };
}

async function newerThanCache({ pool }: Database, wallets: readonly TrustWallet[]): Promise<BalanceReport[]> {
  const cached = await loadBalances(
    pool,
    wallets.map(({ wallet_id }) => wallet_id),
  );
  return newerReports(wallets, new Map(cached.map((one) => [one.wallet_id, one])));
}
