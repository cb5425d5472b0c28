import { type Database, feedPlaces, statement } from '@cashback/postgres';
import { FIRST_PLACE } from '../../inbox/decide-catch-up.ts';

/** How far the feeds of other apps were read. */
export const followedPlaces = feedPlaces({
  read: 'processing.read-feed-place',
  move: 'processing.move-feed-place',
  table: 'processing.feed_cursors',
  first_reads_again: FIRST_PLACE.reads_again,
});

export interface FeedLag {
  feed: string;
  epoch: number | null;
  reads_again: boolean;
  /** Since when its answers are of an earlier moment than what was read before; null: they are not. */
  behind_since: Date | null;
  caught_up_at: Date | null;
  /** Since when the reader was at the feed's end last; null: never yet. */
  lag_ms: number | null;
}

const listFeedLagsStatement = statement<FeedLag>({
  name: 'processing.list-feed-lags',
  text: `
  SELECT feed, epoch, reads_again, behind_since, caught_up_at,
    (extract(epoch FROM now() - caught_up_at) * 1000)::float8 AS lag_ms
  FROM processing.feed_cursors
  ORDER BY feed`,
  columns: {
    feed: 'text',
    epoch: 'int4?',
    reads_again: 'bool',
    behind_since: 'timestamptz?',
    caught_up_at: 'timestamptz?',
    lag_ms: 'float8?',
  },
});

/** How far behind the readers of feeds are. */
export function listFeedLags({ pool }: Database): Promise<FeedLag[]> {
  return listFeedLagsStatement.rows(pool, []);
}
