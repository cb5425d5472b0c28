import { sql } from 'drizzle-orm';
import { boolean, customType, numeric, text, timestamp } from 'drizzle-orm/pg-core';

// The column types of every table of ours. drizzle-kit loads this file with the tables: it imports nothing but drizzle.

/** An id compared bytewise, so that the order of locks is the same everywhere. */
export const id = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

/** A transaction's id, for feeds that must not skip what commits late. */
export const transactionId = customType<{ data: string }>({ dataType: () => 'xid8' });

/** Money at scale 4; read and written as a decimal string. Each use adds a check against NaN and minus. */
export const amount = (name: string) => numeric(name, { precision: 16, scale: 4 });

/** As `amount`, and may be below zero. Each use adds a check against NaN. */
export const balance = (name: string) => numeric(name, { precision: 20, scale: 4 });

export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

export const now = sql`now()`;

/**
 * How far each feed of another side was read. The feed gave the cursor; null is its beginning. A table adds `epoch`, the
 * newest one that the feed has answered with, as wide as those of the other side.
 */
export const feedPlaceColumns = ({ first_reads_again }: { first_reads_again: boolean }) => ({
  feed: text('feed').primaryKey(),
  cursor: text('cursor'),
  /** The feed is read once more from its beginning. */
  reads_again: boolean('reads_again').notNull().default(first_reads_again),
  /** Since when each answer is of a moment before this place; null: the last one was not. */
  behind_since: moment('behind_since'),
  /** When a reader was at the feed's end last. */
  caught_up_at: moment('caught_up_at'),
  updated_at: moment('updated_at').notNull().default(now),
});
