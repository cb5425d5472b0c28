import { sql } from 'drizzle-orm';
import { check, integer, jsonb, numeric, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Hold } from '@cashback/core';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/** One row a service and currency: what the targets have grown by in the newest window that a register fell into. */
export const breakerWindows = cashback.table(
  'breaker_windows',
  {
    service: text('service').notNull(),
    currency: text('currency').notNull(),
    window_start: moment('window_start').notNull(),
    window_s: integer('window_s').notNull(),
    growth: numeric('growth', { precision: 24, scale: 4 }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.service, table.currency] }),
    check('breaker_windows_growth', sql`${table.growth} >= 0 AND ${table.growth} <> 'NaN'`),
  ],
);

/** Append-only: which held revision was released, by which caller and why. */
export const breakerReleases = cashback.table(
  'breaker_releases',
  {
    order_id: id('order_id').notNull(),
    revision: integer('revision').notNull(),
    caller: text('caller').notNull(),
    reason: text('reason').notNull(),
    hold: jsonb('hold').$type<Hold>().notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.order_id, table.revision] })],
);
