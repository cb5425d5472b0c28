import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { AttentionCode } from '@cashback/contract';
import { feedPlaceColumns, id, moment, now } from '@cashback/postgres/columns';

export const processing = pgSchema('processing');

/**
 * The inbox: one row an order (an order's id is its invoice's), with the newest version of its invoice and the newest
 * processed one. The queue is a hint, this row is the truth.
 */
export const invoiceChanges = processing.table(
  'invoice_changes',
  {
    order_id: id('order_id').primaryKey(),
    service: text('service').notNull(),
    /** The newest version of the invoice that the feed listed or that was retrieved. An epoch comes before its versions. */
    seen_epoch: integer('seen_epoch').notNull().default(1),
    seen_version: integer('seen_version').notNull(),
    /** The newest version whose cashback was registered, or which needs none. Below the seen one: not done. */
    processed_epoch: integer('processed_epoch').notNull().default(1),
    processed_version: integer('processed_version').notNull().default(0),
    /** How many messages asked to process the order, and how many of them an attempt has answered. Below: not done. */
    hints: integer('hints').notNull().default(0),
    answered_hints: integer('answered_hints').notNull().default(0),
    /** Names the settings in `service_settings` that the order began with; its later changes are calculated by them. */
    config_hash: text('config_hash'),
    /** The service's URL did not answer, so the stored value was kept: ask it again. */
    asks_again: boolean('asks_again').notNull().default(false),
    /** Failed attempts in a row; the pause before the next one grows with them. */
    failures: integer('failures').notNull().default(0),
    /** Since when an input has been missing that is expected to arrive, such as the order's rates. */
    waiting_since: moment('waiting_since'),
    /** Why the order needs attention, or null. An attempt that succeeds clears it, and so does a change of the invoice. */
    attention: text('attention'),
    /** With a cause that an older release found, null. Without attention these three mean nothing. */
    attention_code: text('attention_code').$type<AttentionCode>(),
    attention_details: jsonb('attention_details').$type<Record<string, unknown>>(),
    attention_since: moment('attention_since'),
    /** How often the server answered `register` with each outcome; for reports, nothing is decided by it. */
    registered: integer('registered').notNull().default(0),
    unchanged: integer('unchanged').notNull().default(0),
    stale: integer('stale').notNull().default(0),
    /** When the next attempt is due; the sweeper finds rows that are overdue. */
    next_look_at: moment('next_look_at').notNull().default(now),
    /** When the order is audited next; null while it is not done, and after its last audit. */
    audit_at: moment('audit_at'),
    /** How many audits have begun since the newest version was processed. */
    audit_step: integer('audit_step').notNull().default(0),
    /** The last trigger of the order, as `DriftFinder` names it; null: an earlier release did not keep it. */
    brought_by: text('brought_by'),
    created_at: moment('created_at').notNull().default(now),
    updated_at: moment('updated_at').notNull().default(now),
  },
  (table) => [
    check('invoice_changes_seen_version', sql`${table.seen_version} >= 1`),
    check('invoice_changes_processed_version', sql`${table.processed_version} >= 0`),
    check('invoice_changes_failures', sql`${table.failures} >= 0`),
    index('invoice_changes_due')
      .on(table.next_look_at)
      .where(
        sql`(${table.processed_epoch}, ${table.processed_version}) < (${table.seen_epoch}, ${table.seen_version}) OR ${table.asks_again} OR ${table.answered_hints} < ${table.hints}`,
      ),
    // The orders that may hold up audits.
    index('invoice_changes_live')
      .on(table.next_look_at)
      .concurrently()
      .where(
        sql`((${table.processed_epoch}, ${table.processed_version}) < (${table.seen_epoch}, ${table.seen_version}) OR ${table.asks_again} OR ${table.answered_hints} < ${table.hints}) AND ${table.attention} IS NULL`,
      ),
    index('invoice_changes_attention')
      .on(table.order_id)
      .where(sql`${table.attention} IS NOT NULL`),
    index('invoice_changes_audit')
      .on(table.audit_at)
      .concurrently()
      .where(sql`${table.audit_at} IS NOT NULL`),
    // An earlier release finishes orders without a time for their audits. The loop of the audits gives them one.
    index('invoice_changes_unplanned')
      .on(table.order_id)
      .concurrently()
      .where(
        sql`${table.audit_at} IS NULL AND ${table.audit_step} = 0 AND (${table.processed_epoch}, ${table.processed_version}) >= (${table.seen_epoch}, ${table.seen_version}) AND NOT ${table.asks_again} AND ${table.answered_hints} >= ${table.hints}`,
      ),
  ],
);

/** How far each feed of another app was read. */
export const feedCursors = processing.table('feed_cursors', {
  ...feedPlaceColumns({ first_reads_again: false }),
  epoch: integer('epoch'),
});

/** Append-only: every entry of CASHBACK_SERVICES that was in force, by its hash. */
export const serviceSettings = processing.table('service_settings', {
  config_hash: text('config_hash').primaryKey(),
  settings: jsonb('settings').notNull(),
  created_at: moment('created_at').notNull().default(now),
});

/** Append-only: differences that were found although no invoice changed, with what was there before and after. */
export const drifts = processing.table(
  'drifts',
  {
    drift_id: bigint('drift_id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    order_id: id('order_id').notNull(),
    class: text('class').notNull(),
    before: jsonb('before'),
    after: jsonb('after'),
    found_by: text('found_by').notNull(),
    healed: boolean('healed').notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [
    index('drifts_order').on(table.order_id),
    uniqueIndex('drifts_settings')
      .on(table.order_id, sql`(${table.after} ->> 'config_hash')`)
      .where(sql`${table.class} = 'settings_differ'`),
  ],
);
