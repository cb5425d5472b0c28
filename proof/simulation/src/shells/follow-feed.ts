import type { FeedAnswer, FeedPlace, FeedReading, FeedStep } from '@cashback/core';
import type { CallResult } from '@cashback/service';
import { type Flow, atomically } from '../engine/flow.ts';
import type { World } from '../world.ts';

const LAG_BOUND_MS = 30_000;

/** As `FollowedFeed` of the product. */
interface FollowedFeed<Page, Change> {
  /** A reader's table of places, which has one row. */
  table: FeedPlace[];
  /** The place of a feed that was never read. */
  first: FeedPlace;
  page_size: number;
  ask(page: { after: string | null; limit: number }): Flow<CallResult<Page>>;
  decide(place: FeedPlace, answer: FeedAnswer<Page>, reading: FeedReading): FeedStep<Change>;
  /** Takes the changes of a page and moves the place, in one transaction. */
  take(changes: readonly Change[], move: () => void): Flow<void>;
  /** In the transaction that moves the place to the beginning. */
  startOver(reason: string): void;
}

/** `createFollower` of the product: turns of its loop until there is no more to read at once. */
export function* followFeed<Page, Change>(world: World, feed: FollowedFeed<Page, Change>): Flow<void> {
  const { engine, decisions } = world;
  const { feedAnswerOf, isAtPlace, isFeedError } = decisions.feeds;
  const { table, page_size } = feed;
  const stored = (): FeedPlace => table[0] ?? feed.first;

  /** False: another reader has moved the place meanwhile. */
  function move(from: FeedPlace, to: FeedPlace): boolean {
    if (!isAtPlace(stored(), from)) return false;
    table.splice(0, 1, to);
    return true;
  }

  for (;;) {
    const from = yield* atomically('read the place in the feed', stored);
    const result = yield* feed.ask({ after: from.cursor, limit: page_size });
    if ('error' in result && !isFeedError(result.error)) return;
    const reading = { page_size, lag_bound_ms: LAG_BOUND_MS, now: new Date(engine.now()) };
    const decided = feed.decide(from, feedAnswerOf(result), reading);
    switch (decided.step) {
      case 'wait':
        return;
      case 'behind':
        return yield* atomically('stay behind', () => void move(from, decided.to));
      case 'start_over':
        return yield* atomically('start the feed over', () => {
          if (move(from, decided.to)) feed.startOver(decided.reason);
        });
      case 'take':
        yield* feed.take(decided.changes, () => void move(from, decided.to));
        if (!decided.more) return;
    }
  }
}
