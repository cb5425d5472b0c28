import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { callOverHttp } from './call-over-http.ts';
import { followFeed } from './follow-feed.ts';
import { adoptBalance } from './take-balance.ts';
import { walletChanges } from './trust.ts';

/** The wallet's reader of Trust's feed of changed balances. */
export function* followBalances(world: World): Flow<void> {
  const { tables, engine } = world;
  const { FIRST_PLACE, decideFollowStep, newerReports } = world.decisions.wallet;
  yield* followFeed(world, {
    table: tables.balance_feed,
    first: FIRST_PLACE,
    // Smaller than the number of wallets, so that pages follow each other.
    page_size: 1,
    ask: (page) => callOverHttp(world, 'trust', 'changed balances', () => walletChanges(world, page)),
    decide: decideFollowStep,
    *take(wallets, move) {
      const reports = yield* atomically('compare a page with the cache', () =>
        newerReports(wallets, tables.balances),
      );
      yield* atomically('take a page of the feed', () => {
        for (const report of reports) adoptBalance(world, report, 'check');
        move();
      });
    },
    startOver: (reason) => engine.note(`wallet reads the feed again: ${reason}`),
  });
}
