import { sql } from 'drizzle-orm';
import { bigint, check, index, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core';
import { balance, id, moment, now } from '@cashback/postgres/columns';

export const wallet = pgSchema('wallet');

/** The balance cache: for each wallet the newest that billing reported. It never goes back to an older sequence. */
export const balances = wallet.table(
  'balances',
  {
    wallet_id: id('wallet_id').primaryKey(),
    user_id: text('user_id').notNull(),
    currency: text('currency').notNull(),
    balance: balance('balance').notNull(),
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    /** When the money moved, as billing says it. */
    updated_at: moment('updated_at').notNull(),
  },
  (table) => [
    check('balances_balance', sql`${table.balance} <> 'NaN'`),
    check('balances_sequence', sql`${table.sequence} >= 1`),
  ],
);

/** Every callback of billing, once per webhook id; kept for some days. */
export const callbackInbox = wallet.table(
  'callback_inbox',
  {
    webhook_id: id('webhook_id').primaryKey(),
    wallet_id: id('wallet_id').notNull(),
    balance: balance('balance').notNull(),
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    cause: text('cause').notNull(),
    occurred_at: moment('occurred_at').notNull(),
    /** `superseded`: its sequence was not above the one in the cache. */
    outcome: text('outcome').$type<'adopted' | 'superseded'>().notNull(),
    received_at: moment('received_at').notNull().default(now),
  },
  (table) => [
    check('callback_inbox_outcome', sql`${table.outcome} IN ('adopted', 'superseded')`),
    index('callback_inbox_received').on(table.received_at),
  ],
);

/** One for every sequence that the cache adopted, and for no other. */
export const pushes = wallet.table(
  'pushes',
  {
    wallet_id: id('wallet_id').notNull(),
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    currency: text('currency').notNull(),
    balance: balance('balance').notNull(),
    updated_at: moment('updated_at').notNull(),
    created_at: moment('created_at').notNull().default(now),
    delivered_at: moment('delivered_at'),
  },
  (table) => [
    primaryKey({ columns: [table.wallet_id, table.sequence] }),
    check('pushes_balance', sql`${table.balance} <> 'NaN'`),
    index('pushes_undelivered')
      .on(table.wallet_id, table.sequence)
      .where(sql`${table.delivered_at} IS NULL`),
  ],
);
