import { boolean, integer, text } from 'drizzle-orm/pg-core';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/** How far the worker has read each feed of `transactions`, which gave the cursor; null is the beginning. */
export const feedCursors = cashback.table('feed_cursors', {
  feed: text('feed').primaryKey(),
  cursor: text('cursor'),
  /** The newest epoch that the feed has answered with. */
  epoch: integer('epoch'),
  /** The feed is read once more from its beginning. */
  reads_again: boolean('reads_again').notNull().default(false),
  /** Since when each answer is of a moment before this place; null: the last one was not. */
  behind_since: moment('behind_since'),
  /** When a reader was at the feed's end last. */
  caught_up_at: moment('caught_up_at'),
  /** After a restore: the orders that changed since then are observed, in the order of their ids. Null: none is left to do. */
  observe_since: moment('observe_since'),
  /** The last order that was compared with that time. */
  observed_to: id('observed_to').notNull().default(''),
  updated_at: moment('updated_at').notNull().default(now),
});
