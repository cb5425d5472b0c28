import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, jsonb, text } from 'drizzle-orm/pg-core';
import type { DriftFinder, Hold } from '@cashback/core';
import { amount, id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/**
 * One row an order: what its newest clear was, which target that gave, and how far the payment side has come.
 * The row's lock is what makes register and charge take turns.
 */
export const orderClears = cashback.table(
  'order_clears',
  {
    order_id: id('order_id').primaryKey(),
    service: text('service').notNull(),
    user_id: text('user_id').notNull(),
    wallet_id: text('wallet_id').notNull(),
    currency: text('currency').notNull(),
    /** Comes before the version: the side that keeps the invoices begins a new one when it is restored. */
    invoice_epoch: integer('invoice_epoch').notNull().default(1),
    invoice_version: integer('invoice_version').notNull(),
    cleared_sum: amount('cleared_sum').notNull(),
    /** The target over all sources; by source it is in the newest `events`. */
    cashback_sum: amount('cashback_sum').notNull(),
    /** +1 for every accepted change of the target. */
    revision: integer('revision').notNull(),
    receipt: jsonb('receipt'),
    /** The newest revision that was seen rewarded in full. Below `revision`: not settled. */
    settled_revision: integer('settled_revision').notNull().default(0),
    /** The one operation that is not known to be finished; changed by compare-and-set under the row's lock. */
    operation_id: text('operation_id'),
    /** `[{ source, amount }]` as `transactions` last said it. */
    rewarded: jsonb('rewarded')
      .$type<{ source: 'user' | 'service'; amount: string }[]>()
      .notNull()
      .default([]),
    /** The epoch and version of the newest cashback that was ever seen, compared in this order: what is older decides nothing. */
    cashback_epoch: integer('cashback_epoch').notNull().default(1),
    cashback_version: integer('cashback_version').notNull().default(0),
    /** Why the order needs attention, for people; null when it does not. Then the three columns below mean nothing. */
    attention: text('attention'),
    /** Null also for a reason that an older release gave. */
    attention_code: text('attention_code'),
    attention_since: moment('attention_since'),
    attention_details: jsonb('attention_details').$type<Record<string, unknown>>(),
    /** While it is the newest revision, no more of the target than `hold.allowed` is sent. */
    held_revision: integer('held_revision'),
    hold: jsonb('hold').$type<Hold>(),
    /** For how long the order has waited while `transactions` answered; see `waitedAfter`. */
    waited_ms: bigint('waited_ms', { mode: 'number' }).notNull().default(0),
    /** When `transactions` last answered about the order; null when its last call had no answer. */
    answered_at: moment('answered_at'),
    /** How often the order was healed of a foreign change since `healed_since`; see `decideHeal`. */
    heals: integer('heals').notNull().default(0),
    healed_since: moment('healed_since'),
    unsettled_since: moment('unsettled_since').notNull().default(now),
    /**
     * Since when the order waits for its job. Only the sweep reads it, and only while `poll_at` is null: it gives a time
     * to orders whose jobs do not come. Written with `poll_at` as well, for older releases that run by it.
     */
    next_charge_at: moment('next_charge_at').notNull().default(now),
    /** When the worker polls the order next; null when it waits for a job of the queue, or for nothing. */
    poll_at: moment('poll_at'),
    /** When a settled order is observed again because time has passed; null: it is not settled, or had its last audit. */
    audit_at: moment('audit_at'),
    /** How many of these audits were due since it settled. */
    audit_step: integer('audit_step').notNull().default(0),
    /** What made the order due; null: its own time. It stays until the order is settled, reopened, or sends; `balance` until a new operation is sent. */
    due_by: text('due_by').$type<DriftFinder>(),
    /** How often something asked for an observation. */
    requests: integer('requests').notNull().default(0),
    /** How many of them came before a step began to observe, which has ended. While there are more, the order stays due. */
    answered_requests: integer('answered_requests').notNull().default(0),
    created_at: moment('created_at').notNull().default(now),
    updated_at: moment('updated_at').notNull().default(now),
  },
  (table) => [
    check('order_clears_cleared_sum', sql`${table.cleared_sum} >= 0 AND ${table.cleared_sum} <> 'NaN'`),
    check('order_clears_cashback_sum', sql`${table.cashback_sum} >= 0 AND ${table.cashback_sum} <> 'NaN'`),
    check(
      'order_clears_revision',
      sql`${table.revision} >= 1 AND ${table.settled_revision} <= ${table.revision}`,
    ),
    check('order_clears_invoice_version', sql`${table.invoice_version} >= 1`),
    index('order_clears_unsettled')
      .on(table.next_charge_at)
      .where(sql`${table.settled_revision} < ${table.revision} AND ${table.attention} IS NULL`),
    // An older release claims by this one. The two below it take its place.
    index('order_clears_poll')
      .on(table.poll_at)
      .where(sql`${table.poll_at} IS NOT NULL`),
    index('order_clears_live_poll')
      .on(table.poll_at)
      .concurrently()
      .where(sql`${table.poll_at} IS NOT NULL AND ${table.attention} IS NULL`),
    index('order_clears_parked_poll')
      .on(table.poll_at)
      .concurrently()
      .where(sql`${table.poll_at} IS NOT NULL AND ${table.attention} IS NOT NULL`),
    index('order_clears_attention')
      .on(table.attention_code, table.attention_since)
      .where(sql`${table.attention} IS NOT NULL`),
    // Oldest first, over all codes. An older release left orders without `attention_since`.
    index('order_clears_attention_since')
      .on(sql`coalesce(${table.attention_since}, ${table.unsettled_since})`, table.order_id)
      .where(sql`${table.attention} IS NOT NULL`)
      .concurrently(),
    index('order_clears_held')
      .on(table.order_id)
      .where(sql`${table.held_revision} = ${table.revision}`),
    // An older release leaves orders that need attention without a time. The sweep gives them one.
    index('order_clears_parked')
      .on(table.next_charge_at)
      .where(sql`${table.attention} IS NOT NULL AND ${table.poll_at} IS NULL`),
    index('order_clears_audit')
      .on(table.audit_at)
      .concurrently()
      .where(sql`${table.audit_at} IS NOT NULL`),
    // The orders that a balance callback is about. Their codes are those of `find-wallet-waits`.
    index('order_clears_wallet_waits')
      .on(table.wallet_id)
      .concurrently()
      .where(
        sql`${table.attention} IS NOT NULL AND ${table.attention_code} IN ('wallet_forbids_negative', 'owed')`,
      ),
    // An older release settles orders without a time for their audits. The sweep gives them one.
    index('order_clears_unplanned')
      .on(table.order_id)
      .concurrently()
      .where(
        sql`${table.settled_revision} = ${table.revision} AND ${table.audit_at} IS NULL AND ${table.audit_step} = 0`,
      ),
  ],
);
