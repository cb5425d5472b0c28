import { sql } from 'drizzle-orm';
import { customType, numeric, pgSchema, timestamp } from 'drizzle-orm/pg-core';

export const cashback = pgSchema('cashback');

/** An id compared bytewise, so that the order of locks is the same everywhere. */
export const id = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

/** A transaction's id, for feeds that must not skip what commits late. */
export const transactionId = customType<{ data: string }>({ dataType: () => 'xid8' });

/** Money at scale 4; read and written as a decimal string. Each use adds a check against NaN and minus. */
export const amount = (name: string) => numeric(name, { precision: 16, scale: 4 });

export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

export const now = sql`now()`;
