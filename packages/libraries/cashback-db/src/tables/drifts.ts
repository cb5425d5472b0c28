import { bigint, boolean, index, jsonb, text } from 'drizzle-orm/pg-core';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

/** What a settled order should carry and what its invoice carried. */
export interface Carried {
  target: { source: 'user' | 'service'; amount: string }[];
  rewarded: { source: 'user' | 'service'; amount: string }[];
}

/** Append-only: each difference that was found between a settled order and its invoice. */
export const drifts = cashback.table(
  'drifts',
  {
    drift_id: bigint('drift_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    order_id: id('order_id').notNull(),
    /** `rewarded_differs` */
    class: text('class').notNull(),
    /** As the order was seen last. */
    before: jsonb('before').$type<Carried>().notNull(),
    /** As it was found. */
    after: jsonb('after').$type<Carried>().notNull(),
    found_by: text('found_by').notNull(),
    /** False: the order needs attention instead. */
    healed: boolean('healed').notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [index('drifts_order').on(table.order_id)],
);
