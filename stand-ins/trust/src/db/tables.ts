import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Source } from '@cashback/contract';
import type { BalanceChangedCallback, TrustStatus, WalletPolicy } from '@cashback/wire';
import { amount, balance, id, moment, now, transactionId } from '@cashback/postgres/columns';

export const trust = pgSchema('trust');

/** A top-up of a wallet, under the caller's id. */
export const baskets = trust.table(
  'baskets',
  {
    basket_id: id('basket_id').primaryKey(),
    wallet_id: id('wallet_id').notNull(),
    user_id: text('user_id').notNull(),
    currency: text('currency').notNull(),
    amount: amount('amount').notNull(),
    source: text('source').$type<Source>().notNull(),
    order_id: text('order_id').notNull(),
    status: text('status').$type<TrustStatus>().notNull().default('pending'),
    reason: text('reason'),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    check('baskets_amount', sql`${table.amount} > 0 AND ${table.amount} <> 'NaN'`),
    check('baskets_status', sql`${table.status} IN ('pending', 'success', 'failed')`),
    index('baskets_order').on(table.order_id, table.created_at, table.basket_id),
    index('baskets_pending')
      .on(table.created_at)
      .where(sql`${table.status} = 'pending'`),
  ],
);

/** Takes back a part of a basket, under the caller's id. */
export const refunds = trust.table(
  'refunds',
  {
    refund_id: id('refund_id').primaryKey(),
    basket_id: id('basket_id')
      .notNull()
      .references(() => baskets.basket_id),
    wallet_id: id('wallet_id').notNull(),
    amount: amount('amount').notNull(),
    wallet_policy: text('wallet_policy').$type<WalletPolicy>().notNull().default('go_negative'),
    /** Of the amount, what a successful refund found in the wallet; null: all of it. */
    taken: amount('taken'),
    status: text('status').$type<TrustStatus>().notNull().default('pending'),
    reason: text('reason'),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    check('refunds_amount', sql`${table.amount} > 0 AND ${table.amount} <> 'NaN'`),
    check(
      'refunds_wallet_policy',
      sql`${table.wallet_policy} IN ('go_negative', 'fail', 'take_what_is_there')`,
    ),
    check('refunds_taken', sql`${table.taken} >= 0 AND ${table.taken} <= ${table.amount}`),
    check('refunds_status', sql`${table.status} IN ('pending', 'success', 'failed')`),
    index('refunds_of_basket').on(table.basket_id, table.created_at, table.refund_id).concurrently(),
    index('refunds_pending')
      .on(table.created_at)
      .where(sql`${table.status} = 'pending'`),
  ],
);

/** The row's lock serializes the movements of a wallet. Sequence 0: no movement yet. */
export const wallets = trust.table(
  'wallets',
  {
    wallet_id: id('wallet_id').primaryKey(),
    user_id: text('user_id').notNull(),
    currency: text('currency').notNull(),
    balance: balance('balance').notNull().default('0'),
    sequence: bigint('sequence', { mode: 'number' }).notNull().default(0),
    updated_at: moment('updated_at').notNull().default(now),
    /** The newest movement's transaction, and its number: the place in the feed of changed balances. */
    change_id: bigint('change_id', { mode: 'bigint' }).notNull().generatedByDefaultAsIdentity(),
    xact_id: transactionId('xact_id')
      .notNull()
      .default(sql`'0'`),
  },
  (table) => [
    index('wallets_feed').on(table.xact_id, table.change_id).concurrently(),
    check('wallets_balance', sql`${table.balance} <> 'NaN'`),
    check('wallets_sequence', sql`${table.sequence} >= 0`),
  ],
);

/** Append-only ground truth: every movement of money, numbered per wallet without gaps. */
export const walletMovements = trust.table(
  'wallet_movements',
  {
    wallet_id: id('wallet_id').notNull(),
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    kind: text('kind').$type<'topup' | 'refund' | 'spend'>().notNull(),
    /** Without a sign; the kind gives the direction. */
    amount: amount('amount').notNull(),
    /** Id of the basket, refund or spend. */
    cause: id('cause').notNull(),
    balance_after: balance('balance_after').notNull(),
    created_at: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.wallet_id, table.sequence] }),
    check('wallet_movements_amount', sql`${table.amount} > 0 AND ${table.amount} <> 'NaN'`),
    check('wallet_movements_kind', sql`${table.kind} IN ('topup', 'refund', 'spend')`),
    check('wallet_movements_sequence', sql`${table.sequence} >= 1`),
    check('wallet_movements_balance_after', sql`${table.balance_after} <> 'NaN'`),
    // A basket, a refund or a spend moves money once, however often it is repeated.
    uniqueIndex('wallet_movements_cause').on(table.kind, table.cause),
  ],
);

/** One row: how the stand-in misbehaves, and the epoch it is in. */
export const settings = trust.table(
  'settings',
  {
    only_row: boolean('only_row').primaryKey().default(true),
    latency_ms: integer('latency_ms').notNull().default(100),
    answer_delay_ms: integer('answer_delay_ms').notNull().default(0),
    failure_share: doublePrecision('failure_share').notNull().default(0),
    lost_answer_share: doublePrecision('lost_answer_share').notNull().default(0),
    refusal_share: doublePrecision('refusal_share').notNull().default(0),
    duplicate_callback_share: doublePrecision('duplicate_callback_share').notNull().default(0),
    reorder_callback_share: doublePrecision('reorder_callback_share').notNull().default(0),
    lost_callback_share: doublePrecision('lost_callback_share').notNull().default(0),
    /** Of the numbers of balances. A restore starts a new one. */
    epoch: bigint('epoch', { mode: 'number' }).notNull().default(1),
  },
  (table) => [
    check('settings_only_row', sql`${table.only_row}`),
    check('settings_epoch', sql`${table.epoch} >= 1`),
  ],
);

export type Receiver = 'billing' | 'balance';

/** Outbox of billing's callbacks, a row for each receiver. A delivered one is deleted; its movement stays. */
export const callbacks = trust.table(
  'callbacks',
  {
    callback_id: text('callback_id').primaryKey(),
    payload: jsonb('payload').$type<BalanceChangedCallback>().notNull(),
    /** The receiver at `BILLING_CALLBACK_URL`, or at `BALANCE_CALLBACK_URL`. */
    receiver: text('receiver').$type<Receiver>().notNull().default('billing'),
    attempts: integer('attempts').notNull().default(0),
    last_error: text('last_error'),
    next_attempt_at: moment('next_attempt_at').notNull().default(now),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [index('callbacks_due').on(table.next_attempt_at)],
);
