import { bigint, index, jsonb, primaryKey, text } from 'drizzle-orm/pg-core';
import type { AttentionOrigin } from '@cashback/contract';
import { id, moment, now } from '@cashback/postgres/columns';
import { cashback } from './schema.ts';

type Details = Record<string, unknown>;

/** Orders that need attention in another app, as it reported them last. It reports all of them again and again. */
export const reportedAttention = cashback.table(
  'reported_attention',
  {
    order_id: id('order_id').notNull(),
    origin: text('origin').$type<AttentionOrigin>().notNull(),
    service: text('service').notNull(),
    code: text('code').notNull(),
    reason: text('reason').notNull(),
    details: jsonb('details').$type<Details>(),
    /** By the clock of the app; another time is another need for attention. */
    since: moment('since').notNull(),
    /** When the app saw it last; until a report is 30 s newer and states nothing else, the time of an earlier one. */
    seen_at: moment('seen_at').notNull().default(now),
    /** The `since` of the need for attention that a person resumed. Equal to it: the app has not taken it up yet. */
    resume_of: moment('resume_of'),
  },
  (table) => [
    primaryKey({ columns: [table.order_id, table.origin] }),
    index('reported_attention_since').on(table.since, table.order_id),
  ],
);

/** Append-only: which need for attention was resumed, and by which caller. */
export const attentionResumes = cashback.table(
  'attention_resumes',
  {
    resume_id: bigint('resume_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    order_id: id('order_id').notNull(),
    origin: text('origin').$type<AttentionOrigin>().notNull(),
    /** Null: an older release gave the reason alone. */
    code: text('code'),
    reason: text('reason').notNull(),
    details: jsonb('details').$type<Details>(),
    since: moment('since').notNull(),
    caller: text('caller').notNull(),
    created_at: moment('created_at').notNull().default(now),
  },
  (table) => [index('attention_resumes_order').on(table.order_id)],
);
