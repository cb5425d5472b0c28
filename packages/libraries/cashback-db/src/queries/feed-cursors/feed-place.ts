import { feedPlaces } from '@cashback/postgres';

/** The feed of changed cashback at `transactions`. */
export const CASHBACK_FEED = 'cashback_changes';

/** How far the worker has read each feed of `transactions`. */
export const followedPlaces = feedPlaces({
  read: 'cashback.read-feed-place',
  move: 'cashback.move-feed-place',
  table: 'cashback.feed_cursors',
  first_reads_again: false,
});
