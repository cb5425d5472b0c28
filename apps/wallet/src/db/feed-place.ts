import { feedPlaces } from '@cashback/postgres';
import { FIRST_PLACE } from '../follow/decide-follow-step.ts';

/** How far the feeds of other sides were read. */
export const followedPlaces = feedPlaces({
  read: 'wallet.read-feed-place',
  move: 'wallet.move-feed-place',
  table: 'wallet.feed_cursors',
  first_reads_again: FIRST_PLACE.reads_again,
});
