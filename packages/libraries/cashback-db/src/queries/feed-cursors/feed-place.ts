import type { FeedPlace } from '@cashback/core';
import { type Reader, statement } from '@cashback/postgres';

/** The feed of changed cashback at `transactions`. */
export const CASHBACK_FEED = 'cashback_changes';

/** How far a feed of `transactions` was read, and which orders are still to be observed after a restore. */
export interface FollowedPlace extends FeedPlace {
  caught_up_at: Date | null;
  /** The orders that changed since then are observed. Null: none is left to do. */
  observe_since: Date | null;
  observed_to: string;
}

const BEGINNING: FollowedPlace = {
  cursor: null,
  epoch: null,
  reads_again: false,
  caught_up_at: null,
  observe_since: null,
  observed_to: '',
};

const readFeedPlaceStatement = statement<FollowedPlace>({
  name: 'cashback.read-feed-place',
  text: `
  SELECT cursor, epoch, reads_again, caught_up_at, observe_since, observed_to
  FROM cashback.feed_cursors WHERE feed = $1`,
  columns: {
    cursor: 'text?',
    epoch: 'int4?',
    reads_again: 'bool',
    caught_up_at: 'timestamptz?',
    observe_since: 'timestamptz?',
    observed_to: 'text',
  },
});

export async function readFeedPlace(reader: Reader, feed: string): Promise<FollowedPlace> {
  const [place] = await readFeedPlaceStatement.rows(reader, [feed]);
  return place ?? BEGINNING;
}

const moveFeedPlaceStatement = statement({
  name: 'cashback.move-feed-place',
  text: `
  INSERT INTO cashback.feed_cursors AS stored (feed, cursor, epoch, reads_again, caught_up_at)
  VALUES ($1, $3, $4, $5, CASE WHEN $6::boolean THEN now() END)
  ON CONFLICT (feed) DO UPDATE SET
    cursor = excluded.cursor,
    epoch = excluded.epoch,
    reads_again = excluded.reads_again,
    caught_up_at = coalesce(excluded.caught_up_at, stored.caught_up_at),
    updated_at = now()
  WHERE stored.cursor IS NOT DISTINCT FROM $2`,
  columns: {},
});

/** False: another reader has moved the place from `from` meanwhile. `is_end`: nothing follows it by now. */
export async function moveFeedPlace(
  reader: Reader,
  {
    feed,
    from,
    to,
    is_end,
  }: { feed: string; from: Pick<FeedPlace, 'cursor'>; to: FeedPlace; is_end: boolean },
): Promise<boolean> {
  const values = [feed, from.cursor, to.cursor, to.epoch, to.reads_again, is_end];
  return (await moveFeedPlaceStatement.run(reader, values)) === 1;
}
