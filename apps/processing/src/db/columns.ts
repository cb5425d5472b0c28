import { sql } from 'drizzle-orm';
import { customType, pgSchema, timestamp } from 'drizzle-orm/pg-core';

export const processing = pgSchema('processing');

/** An id compared bytewise, so that the order of locks is the same everywhere. */
export const id = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });

export const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

export const now = sql`now()`;
