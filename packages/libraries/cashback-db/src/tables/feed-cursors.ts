import { integer } from 'drizzle-orm/pg-core';
import { feedPlaceColumns, id, moment } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/** How far the worker has read each feed of `transactions`. */
export const feedCursors = cashback.table('feed_cursors', {
  ...feedPlaceColumns({ first_reads_again: false }),
  epoch: integer('epoch'),
  /** After a restore: the orders that changed since then are observed, in the order of their ids. Null: none is left to do. */
  observe_since: moment('observe_since'),
  /** The last order that was compared with that time. */
  observed_to: id('observed_to').notNull().default(''),
});
