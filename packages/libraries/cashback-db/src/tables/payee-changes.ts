import { integer, primaryKey, text } from 'drizzle-orm/pg-core';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/** Append-only: each change of an order's payee, with its caller. `revision` is the one that it made. */
export const payeeChanges = cashback.table(
  'payee_changes',
  {
    order_id: id('order_id').notNull(),
    revision: integer('revision').notNull(),
    from_user_id: text('from_user_id').notNull(),
    from_wallet_id: text('from_wallet_id').notNull(),
    to_user_id: text('to_user_id').notNull(),
    to_wallet_id: text('to_wallet_id').notNull(),
    caller: text('caller').notNull(),
    reason: text('reason').notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.order_id, table.revision] })],
);
