import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';
import { callOverHttp } from './call-over-http.ts';
import { movePlace, readPlace, readingOf } from './feed-place.ts';
import { adoptBalance } from './take-balance.ts';
import { walletChanges } from './trust.ts';

/** Smaller than the number of wallets, so that pages follow each other. */
const PAGE_SIZE = 1;

/** The wallet's reader of Trust's feed of changed balances: a turn of its loop. */
export function* followBalances(world: World): Flow<void> {
  const { tables, decisions } = world;
  const { FIRST_PLACE, decideFollowStep, newerReports } = decisions.wallet;
  const { feedAnswerOf, isFeedError } = decisions.feeds;
  const places = { table: tables.balance_feed, first: FIRST_PLACE };
  for (;;) {
    const from = yield* atomically('read the place in the feed', () => readPlace(places));
    const result = yield* callOverHttp(world, 'trust', 'changed balances', () =>
      walletChanges(world, { after: from.cursor, limit: PAGE_SIZE }),
    );
    if ('error' in result && !isFeedError(result.error)) return;
    const decided = decideFollowStep(from, feedAnswerOf(result), readingOf(world, PAGE_SIZE));
    if (decided.step === 'wait') return;
    const wallets = decided.step === 'take' ? decided.changes : [];
    const reports = yield* atomically('compare a page with the cache', () =>
      newerReports(wallets, tables.balances),
    );
    yield* atomically('take a page of the feed', () => {
      for (const report of reports) adoptBalance(world, report, 'check');
      movePlace(world, places, from, decided.to);
    });
    if (decided.step !== 'take' || !decided.more) return;
  }
}
