import { bigint, boolean, index, jsonb, text } from 'drizzle-orm/pg-core';
import type { DriftClass } from '@cashback/core';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

type Amounts = { source: 'user' | 'service'; amount: string }[];

/** What a settled order should carry, and what is known of its invoice. */
export interface Carried {
  target: Amounts;
  /** Absent: the invoice could not be read so far. */
  rewarded?: Amounts;
  /** Further values that the class is about. */
  [value: string]: unknown;
}

/** Append-only: each difference that was found between a settled order and its invoice. */
export const drifts = cashback.table(
  'drifts',
  {
    drift_id: bigint('drift_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    order_id: id('order_id').notNull(),
    class: text('class').$type<DriftClass>().notNull(),
    /** As the order was seen last. */
    before: jsonb('before').$type<Carried>().notNull(),
    /** As it was found. */
    after: jsonb('after').$type<Carried>().notNull(),
    /** `worker` of an older release. */
    found_by: text('found_by').notNull(),
    /** The order carries its target again without a person. False: it needs attention instead. */
    healed: boolean('healed').notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [index('drifts_order').on(table.order_id)],
);
