import type { FeedPlace } from '@cashback/core';
import { type Database, type Transaction, statement } from '@cashback/postgres';

const BEGINNING: FeedPlace = { cursor: null, epoch: null, reads_again: false };

const readFeedPlaceStatement = statement<FeedPlace>({
  name: 'processing.read-feed-place',
  text: 'SELECT cursor, epoch, reads_again FROM processing.feed_cursors WHERE feed = $1',
  columns: { cursor: 'text?', epoch: 'int4?', reads_again: 'bool' },
});

/** How far the feed was read. */
export async function readFeedPlace({ pool }: Database, feed: string): Promise<FeedPlace> {
  const rows = await readFeedPlaceStatement.rows(pool, [feed]);
  return rows[0] ?? BEGINNING;
}

const moveFeedPlaceStatement = statement({
  name: 'processing.move-feed-place',
  text: `
  INSERT INTO processing.feed_cursors AS stored (feed, cursor, epoch, reads_again, caught_up_at)
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

export interface FeedLag {
  feed: string;
  epoch: number | null;
  reads_again: boolean;
  caught_up_at: Date | null;
  /** Since when the reader was at the feed's end last; null: never yet. */
  lag_ms: number | null;
}

const listFeedLagsStatement = statement<FeedLag>({
  name: 'processing.list-feed-lags',
  text: `
  SELECT feed, epoch, reads_again, caught_up_at,
    (extract(epoch FROM now() - caught_up_at) * 1000)::float8 AS lag_ms
  FROM processing.feed_cursors
  ORDER BY feed`,
  columns: {
    feed: 'text',
    epoch: 'int4?',
    reads_again: 'bool',
    caught_up_at: 'timestamptz?',
    lag_ms: 'float8?',
  },
});

/** How far behind the readers of feeds are. */
export function listFeedLags({ pool }: Database): Promise<FeedLag[]> {
  return listFeedLagsStatement.rows(pool, []);
}
