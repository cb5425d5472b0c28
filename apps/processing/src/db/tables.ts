import { sql } from 'drizzle-orm';
import { boolean, check, index, integer, pgSchema, text } from 'drizzle-orm/pg-core';
import { id, moment, now } from '@cashback/postgres/columns';

export const processing = pgSchema('processing');

/**
 * The inbox: one row an order (an order's id is its invoice's), with how far its invoice has moved and how far that
 * was processed. The queue is a hint, this row is the truth.
 */
export const invoiceChanges = processing.table(
  'invoice_changes',
  {
    order_id: id('order_id').primaryKey(),
    service: text('service').notNull(),
    /** The newest version of the invoice that anyone told of. */
    seen_version: integer('seen_version').notNull(),
    /** The newest version whose cashback was registered, or which needs none. Below `seen_version`: not done. */
    processed_version: integer('processed_version').notNull().default(0),
    /** The service's URL did not answer, so a stored value was kept: it is to be asked again. */
    asks_again: boolean('asks_again').notNull().default(false),
    /** Tries in a row that did not finish the row; the pause before the next one grows with it. */
    failures: integer('failures').notNull().default(0),
    /** Since when an input has been missing that is expected to come, such as the order's rates. */
    waiting_since: moment('waiting_since'),
    /** Why a person must look; null when nobody needs to. The next change of the invoice clears it. */
    attention: text('attention'),
    /** How often the server answered `register` with each outcome; for reports, nothing is decided by it. */
    registered: integer('registered').notNull().default(0),
    unchanged: integer('unchanged').notNull().default(0),
    stale: integer('stale').notNull().default(0),
    /** When the row is to be looked at; the sweeper finds those that are overdue. */
    next_look_at: moment('next_look_at').notNull().default(now),
    created_at: moment('created_at').notNull().default(now),
    updated_at: moment('updated_at').notNull().default(now),
  },
  (table) => [
    check('invoice_changes_seen_version', sql`${table.seen_version} >= 1`),
    check('invoice_changes_processed_version', sql`${table.processed_version} >= 0`),
    check('invoice_changes_failures', sql`${table.failures} >= 0`),
    index('invoice_changes_unfinished')
      .on(table.next_look_at)
      .where(
        sql`(${table.processed_version} < ${table.seen_version} OR ${table.asks_again}) AND ${table.attention} IS NULL`,
      ),
    index('invoice_changes_attention')
      .on(table.order_id)
      .where(sql`${table.attention} IS NOT NULL`),
  ],
);

/** How far each feed of others was read. The cursor is theirs; null is the feed's beginning. */
export const feedCursors = processing.table('feed_cursors', {
  feed: text('feed').primaryKey(),
  cursor: text('cursor'),
  updated_at: moment('updated_at').notNull().default(now),
});
