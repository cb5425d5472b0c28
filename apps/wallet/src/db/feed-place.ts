import { feedPlaces } from '@cashback/postgres';

/** How far the feeds of other sides were read. A whole feed may be long, so at first it is read as after a restore: a page a turn. */
export const followedPlaces = feedPlaces({
  read: 'wallet.read-feed-place',
  move: 'wallet.move-feed-place',
  table: 'wallet.feed_cursors',
  first_reads_again: true,
});
