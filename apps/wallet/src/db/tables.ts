import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgSchema, primaryKey, text } from 'drizzle-orm/pg-core';
import { balance, feedPlaceColumns, id, moment, now } from '@cashback/postgres/columns';

export const wallet = pgSchema('wallet');

/** The origin of an adopted balance. */
export type Origin = 'callback' | 'check';

/** A number of billing: an epoch, or a sequence in it. */
const number = (name: string) => bigint(name, { mode: 'number' });

/** How the answer of a check contradicts the cache. */
export type Drift = 'behind' | 'differs' | 'missing';

/**
 * The balance cache: for each wallet the newest that billing reported or that a check found. It never goes back to an
 * older (epoch, sequence).
 */
export const balances = wallet.table(
  'balances',
  {
    wallet_id: id('wallet_id').primaryKey(),
    user_id: text('user_id').notNull(),
    currency: text('currency').notNull(),
    balance: balance('balance').notNull(),
    epoch: number('epoch').notNull().default(1),
    sequence: number('sequence').notNull(),
    /** When the money moved, as billing says it. */
    updated_at: moment('updated_at').notNull(),
    /** When the payment system last answered a check of this wallet; at first, when the balance was received. */
    checked_at: moment('checked_at').notNull().default(now),
    /** When the next check is due. */
    check_at: moment('check_at').notNull().default(now),
    /** Checks in a row that brought no answer, or one that contradicts the cache. */
    check_failures: integer('check_failures').notNull().default(0),
    /** Of the last answer; null: it agreed, or was adopted. */
    drift: text('drift').$type<Drift>(),
  },
  (table) => [
    check('balances_balance', sql`${table.balance} <> 'NaN'`),
    check('balances_epoch', sql`${table.epoch} >= 1`),
    check('balances_sequence', sql`${table.sequence} >= 1`),
    check('balances_drift', sql`${table.drift} IN ('behind', 'differs', 'missing')`),
    index('balances_check').on(table.check_at),
    index('balances_checked').on(table.checked_at),
    index('balances_drifting')
      .on(table.wallet_id)
      .where(sql`${table.drift} IS NOT NULL`),
  ],
);

/** Every callback of billing, once per webhook id; kept for some days. */
export const callbackInbox = wallet.table(
  'callback_inbox',
  {
    webhook_id: id('webhook_id').primaryKey(),
    wallet_id: id('wallet_id').notNull(),
    balance: balance('balance').notNull(),
    /** Null: billing stated none, and the balance was superseded. */
    epoch: number('epoch').default(1),
    sequence: number('sequence').notNull(),
    cause: text('cause').notNull(),
    occurred_at: moment('occurred_at').notNull(),
    /** `superseded`: its (epoch, sequence) was not above the one in the cache. */
    outcome: text('outcome').$type<'adopted' | 'superseded'>().notNull(),
    received_at: moment('received_at').notNull().default(now),
  },
  (table) => [
    check('callback_inbox_outcome', sql`${table.outcome} IN ('adopted', 'superseded')`),
    index('callback_inbox_received').on(table.received_at),
  ],
);

/** How far each feed of another side was read; at first from its beginning, a page a turn. */
export const feedCursors = wallet.table('feed_cursors', {
  ...feedPlaceColumns({ first_reads_again: true }),
  epoch: number('epoch'),
});

/** One for every (epoch, sequence) that the cache adopted, and for no other. */
export const pushes = wallet.table(
  'pushes',
  {
    wallet_id: id('wallet_id').notNull(),
    epoch: number('epoch').notNull().default(1),
    sequence: number('sequence').notNull(),
    currency: text('currency').notNull(),
    balance: balance('balance').notNull(),
    updated_at: moment('updated_at').notNull(),
    origin: text('origin').$type<Origin>().notNull().default('callback'),
    created_at: moment('created_at').notNull().default(now),
    delivered_at: moment('delivered_at'),
  },
  (table) => [
    primaryKey({ columns: [table.wallet_id, table.epoch, table.sequence] }),
    check('pushes_balance', sql`${table.balance} <> 'NaN'`),
    check('pushes_origin', sql`${table.origin} IN ('callback', 'check')`),
    index('pushes_undelivered')
      .on(table.wallet_id, table.epoch, table.sequence)
      .where(sql`${table.delivered_at} IS NULL`),
  ],
);
