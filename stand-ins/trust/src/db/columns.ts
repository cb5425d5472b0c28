import { sql } from 'drizzle-orm';
import { customType, numeric, timestamp } from 'drizzle-orm/pg-core';

/** An id compared bytewise, so that the order of locks is the same everywhere. */
export const id = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

/** Money at scale 4; read and written as a decimal string. */
export const amount = (name: string) => numeric(name, { precision: 16, scale: 4 });

/** As `amount`, but may be below zero. */
export const balance = (name: string) => numeric(name, { precision: 20, scale: 4 });

export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

export const now = sql`now()`;
