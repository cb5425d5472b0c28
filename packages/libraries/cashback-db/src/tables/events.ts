import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Source } from '@cashback/contract';
import { amount, id, moment, now, transactionId } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/** Append-only: every change of one source's target. The newest revision of each source is the target. */
export const events = cashback.table(
  'events',
  {
    event_id: bigint('event_id', { mode: 'bigint' }).generatedAlwaysAsIdentity(),
    order_id: id('order_id').notNull(),
    /** The source that funds it; rows written before there were two sources are all the user's. */
    source: text('source').$type<Source>().notNull().default('user'),
    value: amount('value').notNull(),
    revision: integer('revision').notNull(),
    /** An earlier release wrote none: it knew the first epoch only. */
    invoice_epoch: integer('invoice_epoch').notNull().default(1),
    invoice_version: integer('invoice_version').notNull(),
    /** With `epoch` the place in the feed: ids follow no commit order, a snapshot's horizon does. */
    xact_id: transactionId('xact_id')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    /** Grows when the tables are restored into another cluster, whose transaction ids start again. */
    epoch: integer('epoch').notNull().default(1),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    // One event per order, source and revision. `event_id` comes from one sequence, so it is unique without an index.
    primaryKey({ columns: [table.order_id, table.source, table.revision] }),
    check('events_value', sql`${table.value} >= 0 AND ${table.value} <> 'NaN'`),
    check('events_source', sql`${table.source} IN ('user', 'service')`),
    index('events_feed').on(table.epoch, table.xact_id, table.event_id),
  ],
);

/** The newest epoch is the cluster's own; a restore into another cluster adds one. */
export const feedEpochs = cashback.table('feed_epochs', {
  epoch: integer('epoch').primaryKey(),
  started_at: moment('started_at').notNull().default(now),
});
