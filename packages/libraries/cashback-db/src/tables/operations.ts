import { index, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core';
import type { OperationOutcome } from '@cashback/contract';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

type Reward = { source: 'user' | 'service'; amount: string }[];

/** Append-only: one attempt to move an order's cashback to a target, committed before its request leaves. */
export const operations = cashback.table(
  'operations',
  {
    order_id: id('order_id').notNull(),
    operation_id: text('operation_id').notNull(),
    revision: integer('revision').notNull(),
    /** The epoch and version of the invoice's cashback that the operation builds on. */
    cashback_epoch: integer('cashback_epoch').notNull().default(1),
    version: integer('version').notNull(),
    user_id: text('user_id').notNull(),
    wallet_id: text('wallet_id').notNull(),
    currency: text('currency').notNull(),
    reward: jsonb('reward').$type<Reward>().notNull(),
    /** How many operations of the order had this epoch and version before; null: an older release made it. */
    attempt: integer('attempt'),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.order_id, table.operation_id] }),
    // The newest ones of an order, however many it has.
    index('operations_newest')
      .on(table.order_id, table.cashback_epoch, table.version, table.attempt.asc().nullsFirst())
      .concurrently(),
  ],
);

/** Append-only: how an operation ended. An operation without an outcome is not known to be finished. */
export const operationOutcomes = cashback.table(
  'operation_outcomes',
  {
    order_id: id('order_id').notNull(),
    operation_id: text('operation_id').notNull(),
    outcome: text('outcome').$type<OperationOutcome>().notNull(),
    reason: text('reason'),
    /** The rewarded amounts that `transactions` reported when the end was observed. */
    rewarded: jsonb('rewarded').$type<Reward>().notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.order_id, table.operation_id] })],
);
