import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgSchema,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Source } from '@cashback/contract';
import type { CashbackStatus, InvoiceStatus, Payment, WalletPolicy } from '@cashback/wire';
import { amount, id, moment, now, transactionId } from '@cashback/postgres/columns';

export const transactions = pgSchema('transactions');

/** What an order costs now. All work on one order's money takes turns under this row's lock. */
export const invoices = transactions.table(
  'invoices',
  {
    invoice_id: id('invoice_id').primaryKey(),
    service: text('service').notNull(),
    user_id: text('user_id').notNull(),
    wallet_id: text('wallet_id').notNull(),
    currency: text('currency').notNull(),
    /** +1 for every change of user and wallet. Baskets of a lower one topped up the wallet of an earlier payee. */
    payee_version: integer('payee_version').notNull().default(1),
    /** +1 for every change of money; each has its row in `invoice_history`. */
    version: integer('version').notNull().default(1),
    status: text('status').$type<InvoiceStatus>().notNull(),
    payments: jsonb('payments').$type<Payment[]>().notNull(),
    /** +1 when an operation is accepted, and +1 when it ends. */
    cashback_version: integer('cashback_version').notNull().default(0),
    /** With `change_id` the invoice's place in the feed, new with every change of money. */
    xact_id: transactionId('xact_id')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    change_id: bigint('change_id', { mode: 'bigint' })
      .notNull()
      .default(sql`nextval('transactions.invoice_changes')`),
    /** Grows when the tables are restored into another cluster, whose transaction ids start again. */
    epoch: integer('epoch').notNull(),
    /** Up to this epoch the baskets are known to be those of Trust. Compared only when a newer one has begun. */
    reconciled_epoch: integer('reconciled_epoch').notNull().default(1),
    created_at: moment('created_at').notNull().default(now),
    updated_at: moment('updated_at').notNull().default(now),
  },
  (table) => [
    check('invoices_status', sql`${table.status} IN ('held', 'cleared', 'cancelled')`),
    check('invoices_version', sql`${table.version} >= 1 AND ${table.cashback_version} >= 0`),
    index('invoices_feed').on(table.epoch, table.xact_id, table.change_id),
    // What a restore leaves to adopt. Both columns change once an epoch at most, so that other updates stay cheap.
    index('invoices_reconciled').on(table.reconciled_epoch, table.invoice_id),
  ],
);

/** Append-only: every change of a cashback version. A feed of its own, so that the row of the invoice needs no index for it. */
export const cashbackChanges = transactions.table(
  'cashback_changes',
  {
    epoch: integer('epoch').notNull(),
    xact_id: transactionId('xact_id')
      .notNull()
      .default(sql`pg_current_xact_id()`),
    change_id: bigint('change_id', { mode: 'bigint' })
      .notNull()
      .default(sql`nextval('transactions.invoice_changes')`),
    invoice_id: id('invoice_id').notNull(),
    cashback_version: integer('cashback_version').notNull(),
    /** The operation that was accepted or ended; null when none caused the change. */
    operation_id: id('operation_id'),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.epoch, table.xact_id, table.change_id, table.invoice_id] }),
    check('cashback_changes_version', sql`${table.cashback_version} >= 1`),
  ],
);

/** Numbers of a sequence follow no commit order; `xact_id` orders the feed. */
export const invoiceChanges = transactions.sequence('invoice_changes');

/** The newest epoch is that of the cluster. A restore into another cluster adds one. */
export const feedEpochs = transactions.table('feed_epochs', {
  epoch: integer('epoch').primaryKey(),
  started_at: moment('started_at').notNull().default(now),
});

/** From which payee to which, and why. */
export interface PayeeChange {
  from: { user_id: string; wallet_id: string };
  to: { user_id: string; wallet_id: string };
  reason: string;
}

/** Append-only: every version of an invoice, and its caller. */
export const invoiceHistory = transactions.table(
  'invoice_history',
  {
    invoice_id: id('invoice_id').notNull(),
    version: integer('version').notNull(),
    status: text('status').$type<InvoiceStatus>().notNull(),
    payments: jsonb('payments').$type<Payment[]>().notNull(),
    /** Sum of the items of a cleared invoice; nothing is captured in the other statuses. */
    captured_sum: numeric('captured_sum', { precision: 20, scale: 4 }).notNull(),
    /** The caller whose token it was. */
    changed_by: text('changed_by').notNull(),
    /** The caller's own id of the change, if it gave one: it stands for this version, forever. */
    change_id: id('change_id'),
    /** Of a version that changed the payee. */
    payee_change: jsonb('payee_change').$type<PayeeChange>(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.invoice_id, table.version] }),
    uniqueIndex('invoice_history_change')
      .on(table.invoice_id, table.change_id)
      .where(sql`${table.change_id} IS NOT NULL`),
    check('invoice_history_captured_sum', sql`${table.captured_sum} >= 0 AND ${table.captured_sum} <> 'NaN'`),
  ],
);

/** One request to move an invoice's cashback to a target. The request never changes, its status does. Ids are kept forever. */
export const cashbackOperations = transactions.table(
  'cashback_operations',
  {
    operation_id: id('operation_id').primaryKey(),
    invoice_id: id('invoice_id').notNull(),
    /** The invoice's cashback version with this operation accepted: one above what its caller had seen. */
    version: integer('version').notNull(),
    user_id: text('user_id').notNull(),
    wallet_id: text('wallet_id').notNull(),
    currency: text('currency').notNull(),
    reward: jsonb('reward').$type<{ source: Source; amount: string }[]>().notNull(),
    /** The service's policy when the operation was accepted, so that its refunds are repeated unchanged. */
    wallet_policy: text('wallet_policy').$type<WalletPolicy>().notNull().default('go_negative'),
    status: text('status').$type<CashbackStatus>().notNull(),
    reason: text('reason'),
    /** Attempts in a row that brought no step further; sets the pause until the next one. */
    attempts: integer('attempts').notNull().default(0),
    /** When the next attempt is due; the sweeper finds operations that are overdue. */
    next_look_at: moment('next_look_at').notNull().default(now),
    created_at: moment('created_at').notNull().default(now),
    finished_at: moment('finished_at'),
  },
  (table) => [
    check('cashback_operations_status', sql`${table.status} IN ('init', 'in-progress', 'success', 'failed')`),
    check(
      'cashback_operations_wallet_policy',
      sql`${table.wallet_policy} IN ('go_negative', 'fail', 'take_what_is_there')`,
    ),
    check(
      'cashback_operations_finished',
      sql`(${table.finished_at} IS NOT NULL) = (${table.status} IN ('success', 'failed'))`,
    ),
    uniqueIndex('cashback_operations_newest').on(table.invoice_id, table.version.desc().nullsFirst()),
    uniqueIndex('cashback_operations_unfinished')
      .on(table.invoice_id)
      .where(sql`${table.status} IN ('init', 'in-progress')`),
    index('cashback_operations_overdue')
      .on(table.next_look_at)
      .where(sql`${table.status} IN ('init', 'in-progress')`),
  ],
);

/**
 * `planned`: no request has left. `sent`: one may have. `pending`: Trust has it and works on it.
 * The others are final; a `skipped` one never left.
 */
export type StepStatus = 'planned' | 'sent' | 'pending' | 'applied' | 'refused' | 'skipped';

/** The plan of an operation, frozen when it was accepted. */
export const operationSteps = transactions.table(
  'operation_steps',
  {
    operation_id: id('operation_id').notNull(),
    step_number: integer('step_number').notNull(),
    kind: text('kind').$type<'topup' | 'refund'>().notNull(),
    source: text('source').$type<Source>().notNull(),
    amount: amount('amount').notNull(),
    /** The step's key at Trust: the id of the basket it creates, or of the refund. */
    step_id: id('step_id').notNull(),
    /** The basket it creates or refunds. */
    basket_id: id('basket_id').notNull(),
    status: text('status').$type<StepStatus>().notNull().default('planned'),
    reason: text('reason'),
    /** Of the amount, what an applied refund found in the wallet; null: all of it. */
    taken: amount('taken'),
    /** Requests that have left, or were about to: each is claimed just before. */
    attempt: integer('attempt').notNull().default(0),
    updated_at: moment('updated_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.operation_id, table.step_number] }),
    check('operation_steps_kind', sql`${table.kind} IN ('topup', 'refund')`),
    check('operation_steps_source', sql`${table.source} IN ('user', 'service')`),
    check('operation_steps_amount', sql`${table.amount} > 0 AND ${table.amount} <> 'NaN'`),
    check(
      'operation_steps_status',
      sql`${table.status} IN ('planned', 'sent', 'pending', 'applied', 'refused', 'skipped')`,
    ),
    check('operation_steps_taken', sql`${table.taken} >= 0 AND ${table.taken} <= ${table.amount}`),
    check('operation_steps_basket', sql`${table.kind} = 'refund' OR ${table.basket_id} = ${table.step_id}`),
  ],
);

/** The top-ups that Trust is known to have applied, and how much known refunds have taken of each. */
export const baskets = transactions.table(
  'baskets',
  {
    invoice_id: id('invoice_id').notNull(),
    basket_id: id('basket_id').notNull(),
    source: text('source').$type<Source>().notNull(),
    amount: amount('amount').notNull(),
    refunded: amount('refunded').notNull().default('0'),
    /** Of the operation that created it, and the step's number there: the order of age. */
    version: integer('version').notNull(),
    step_number: integer('step_number').notNull(),
    /** Of the invoice when the basket was made. */
    payee_version: integer('payee_version').notNull().default(1),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.invoice_id, table.basket_id] }),
    check('baskets_source', sql`${table.source} IN ('user', 'service')`),
    check('baskets_amount', sql`${table.amount} > 0 AND ${table.amount} <> 'NaN'`),
    check('baskets_refunded', sql`${table.refunded} >= 0 AND ${table.refunded} <= ${table.amount}`),
  ],
);

/**
 * Append-only: baskets and refunds of Trust that no step here made, because a restore lost the steps. Their ids never
 * ask Trust for anything again.
 */
export const adoptedSteps = transactions.table(
  'adopted_steps',
  {
    step_id: id('step_id').primaryKey(),
    invoice_id: id('invoice_id').notNull(),
    kind: text('kind').$type<'topup' | 'refund'>().notNull(),
    /** The basket itself, or the one that the refund took from. */
    basket_id: id('basket_id').notNull(),
    amount: amount('amount').notNull(),
    /** Of the amount, what a refund found in the wallet; null: all of it, or an older release adopted it. */
    taken: amount('taken'),
    /** In which it was adopted. */
    epoch: integer('epoch').notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    check('adopted_steps_kind', sql`${table.kind} IN ('topup', 'refund')`),
    check('adopted_steps_amount', sql`${table.amount} > 0 AND ${table.amount} <> 'NaN'`),
    index('adopted_steps_invoice').on(table.invoice_id),
  ],
);

export type CallbackKind = 'invoice.changed' | 'operation.finished';

/** The outbox of callbacks. A row is deleted when it is delivered, or when it is too old to be useful. */
export const callbacks = transactions.table(
  'callbacks',
  {
    callback_id: text('callback_id')
      .primaryKey()
      .default(sql`gen_random_uuid()`),
    kind: text('kind').$type<CallbackKind>().notNull(),
    payload: jsonb('payload').notNull(),
    attempts: integer('attempts').notNull().default(0),
    error: text('error'),
    due_at: moment('due_at').notNull().default(now),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    check('callbacks_kind', sql`${table.kind} IN ('invoice.changed', 'operation.finished')`),
    index('callbacks_due').on(table.kind, table.due_at),
    index('callbacks_age').on(table.created_at),
  ],
);
