import { firstPlace } from '@cashback/core';
import { feedPlaces } from '@cashback/postgres';

export const FIRST_PLACE = firstPlace(false);

/** The feed of changed cashback at `transactions`. */
export const CASHBACK_FEED = 'cashback_changes';

/** How far the worker has read each feed of `transactions`. */
export const followedPlaces = feedPlaces({
  read: 'cashback.read-feed-place',
  move: 'cashback.move-feed-place',
  table: 'cashback.feed_cursors',
  first_reads_again: FIRST_PLACE.reads_again,
});
