import { sql } from 'drizzle-orm';
import { customType, numeric, timestamp } from 'drizzle-orm/pg-core';

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
