import type { FeedPlace } from '@cashback/core';
import { type Database, type Transaction, statement } from '@cashback/postgres';

export interface FollowedPlace extends FeedPlace {
  /** When the reader was at the feed's end last; null: never yet. */
  caught_up_at: Date | null;
}

/** A whole feed may be long, so at first it is read as after a restore: a page a turn. */
const BEGINNING: FollowedPlace = { cursor: null, epoch: null, reads_again: true, caught_up_at: null };

const readFeedPlaceStatement = statement<Omit<FollowedPlace, 'epoch'> & { epoch: string | null }>({
  name: 'wallet.read-feed-place',
  text: 'SELECT cursor, epoch, reads_again, caught_up_at FROM wallet.feed_cursors WHERE feed = $1',
  columns: { cursor: 'text?', epoch: 'int8?', reads_again: 'bool', caught_up_at: 'timestamptz?' },
});

/** How far the feed was read. */
export async function readFeedPlace({ pool }: Database, feed: string): Promise<FollowedPlace> {
  const [place] = await readFeedPlaceStatement.rows(pool, [feed]);
  if (place === undefined) return BEGINNING;
  return { ...place, epoch: place.epoch === null ? null : Number(place.epoch) };
}

const moveFeedPlaceStatement = statement({
  name: 'wallet.move-feed-place',
  text: `
  INSERT INTO wallet.feed_cursors AS stored (feed, cursor, epoch, reads_again, caught_up_at)
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

/** Moves the place, unless another instance has moved it from `from` meanwhile. `is_end`: nothing follows it by now. */
export async function moveFeedPlace(
  { client }: Transaction,
  { feed, from, to, is_end }: { feed: string; from: FeedPlace; to: FeedPlace; is_end: boolean },
): Promise<void> {
  await moveFeedPlaceStatement.run(client, [feed, from.cursor, to.cursor, to.epoch, to.reads_again, is_end]);
}
