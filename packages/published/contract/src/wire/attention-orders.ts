import * as z from 'zod';
import { ATTENTION_CODES } from './attention.ts';
import { idField, limitField, serviceField, timestampField } from './fields.ts';

/** The apps that find orders in need of attention. `worker` is also the server, which holds what the breaker stops. */
export const ATTENTION_ORIGINS = ['worker', 'processing'] as const;
export type AttentionOrigin = (typeof ATTENTION_ORIGINS)[number];

const originField = z.enum(
  ATTENTION_ORIGINS,
  `one of ${ATTENTION_ORIGINS.map((origin) => `"${origin}"`).join(', ')}`,
);
const detailsField = z.record(z.string(), z.json());
const CODE_TEXT = `one of ${ATTENTION_CODES.join(', ')}`;

/** Each is left out for any. */
const filterFields = {
  code: z.enum(ATTENTION_CODES, CODE_TEXT).optional(),
  service: serviceField.optional(),
  origin: originField.optional(),
  /** Orders that have needed attention since this time, or for longer. */
  older_than: timestampField.optional(),
};
const attentionFilter = z.strictObject(filterFields);
export type AttentionFilter = z.infer<typeof attentionFilter>;

const CURSOR_TEXT = 'a cursor from an earlier answer';

export const attentionListInput = z.strictObject({
  ...filterFields,
  after: z.string(CURSOR_TEXT).max(512, CURSOR_TEXT).optional(),
  limit: limitField.default(100),
});
export type AttentionListInput = z.infer<typeof attentionListInput>;

/** Why an order needs attention, by what one app says. */
export const attentionEntry = z.object({
  order_id: idField,
  service: z.string(),
  origin: originField,
  code: z
    .string()
    .nullable()
    .describe('One of ATTENTION_CODES, or a code of a newer release; null: of an older one'),
  reason: z.string(),
  details: detailsField.nullable(),
  since: timestampField,
  age_ms: z.int().min(0),
  reported_at: timestampField
    .nullable()
    .describe('When processing reported it last; null: the worker has it itself'),
  stale: z.boolean().describe('Its report was not renewed in time, so it may not hold any more'),
  resume_requested: z.boolean().describe('A person resumed it, and processing has not taken it up yet'),
});
export type AttentionEntry = z.infer<typeof attentionEntry>;

/** Oldest first. `cursor` is where the next page starts; null at the end. */
export const attentionListOutput = z.object({
  as_of: timestampField,
  orders: z.array(attentionEntry),
  cursor: z.string().nullable(),
});
export type AttentionListOutput = z.infer<typeof attentionListOutput>;

export const attentionCountInput = attentionFilter;
export type AttentionCountInput = AttentionFilter;

/** By service, origin and code. An order that two apps state is counted under each. */
export const attentionCountOutput = z.object({
  as_of: timestampField,
  counts: z.array(
    z.object({
      service: z.string(),
      origin: originField,
      code: z.string().nullable(),
      orders: z.int().min(1),
      stale: z.int().min(0).describe('Those of them whose report was not renewed in time'),
      oldest_since: timestampField,
      oldest_age_ms: z.int().min(0),
    }),
  ),
});
export type AttentionCountOutput = z.infer<typeof attentionCountOutput>;

/** Most orders of one call. */
export const MAX_RESUMES = 500;
const RESUMES_TEXT = `1 to ${MAX_RESUMES} orders, each once`;
const LIMIT_TEXT = `at most how many orders: 1 to ${MAX_RESUMES}`;

/** Either given orders, or the oldest that a filter finds. An empty filter finds all. */
export const attentionResumeInput = z
  .strictObject({
    order_ids: z
      .array(idField)
      .min(1, RESUMES_TEXT)
      .max(MAX_RESUMES, RESUMES_TEXT)
      .refine((ids) => new Set(ids).size === ids.length, RESUMES_TEXT)
      .optional(),
    filter: attentionFilter.optional(),
    limit: z.int(LIMIT_TEXT).min(1, LIMIT_TEXT).max(MAX_RESUMES, LIMIT_TEXT).default(100),
    /** Answers what would be resumed, and changes nothing. */
    dry_run: z.boolean().default(false),
  })
  .refine(({ order_ids, filter }) => (order_ids === undefined) !== (filter === undefined), {
    path: ['order_ids'],
    error: 'either order_ids or filter',
  });
export type AttentionResumeInput = z.input<typeof attentionResumeInput>;
export type ParsedAttentionResumeInput = z.output<typeof attentionResumeInput>;

/**
 * - `resumed`: it is observed now, as if nothing had gone wrong before;
 * - `requested`: processing tries it again once it has reported next;
 * - `held`: its target waits for a release of the breaker, which resuming never is;
 * - `not_needed`: it needs no attention;
 * - `not_found`: it was never registered, and processing reports nothing of it.
 */
export const RESUME_OUTCOMES = ['resumed', 'requested', 'held', 'not_needed', 'not_found'] as const;
export type ResumeOutcome = (typeof RESUME_OUTCOMES)[number];

export const attentionResumeOutput = z.object({
  dry_run: z.boolean(),
  orders: z.array(
    z.object({
      order_id: idField,
      origin: originField.nullable().describe('Null when no app says that it needs attention'),
      outcome: z.enum(RESUME_OUTCOMES),
    }),
  ),
  /** With a filter: more orders may be found by it. */
  more: z.boolean(),
});
export type AttentionResumeOutput = z.infer<typeof attentionResumeOutput>;

/** Most reports of one call. */
export const MAX_REPORTS = 500;
const REPORTS_TEXT = `up to ${MAX_REPORTS} orders, each once`;

/** The origins whose orders the server learns of by reports alone. */
export const REPORTING_ORIGINS = ['processing'] as const;

const report = z.strictObject({
  order_id: idField,
  service: z.string().min(1).max(64),
  code: z.string().min(1).max(64),
  reason: z.string().min(1).max(1_000),
  details: detailsField.nullable().default(null),
  since: timestampField,
});

/**
 * All orders that need attention, of those that the call covers: given ones, or those whose ids are above `after`, up to
 * and with `through`. Nothing else stays that was reported of the covered orders as of an earlier time.
 */
export const attentionReportInput = z
  .strictObject({
    origin: z.enum(REPORTING_ORIGINS),
    order_ids: z.array(idField).min(1).max(MAX_REPORTS).optional(),
    after: z
      .union([z.literal(''), idField])
      .default('')
      .describe('"" is the beginning'),
    through: idField.nullable().default(null).describe('null is the end'),
    read_at: timestampField
      .optional()
      .describe('When the orders were read; what was seen later stays. Left out: now'),
    orders: z.array(report).max(MAX_REPORTS, REPORTS_TEXT),
  })
  .refine(({ orders }) => new Set(orders.map(({ order_id }) => order_id)).size === orders.length, {
    path: ['orders'],
    error: REPORTS_TEXT,
  })
  .refine(
    ({ order_ids, after, through, orders }) => {
      const covered = order_ids === undefined ? null : new Set(order_ids);
      return orders.every(({ order_id }) =>
        covered === null
          ? order_id > after && (through === null || order_id <= through)
          : covered.has(order_id),
      );
    },
    { path: ['orders'], error: 'only orders that the call covers' },
  );
export type AttentionReportInput = z.input<typeof attentionReportInput>;
export type ParsedAttentionReportInput = z.output<typeof attentionReportInput>;

/** Reported orders that a person has resumed: answered until they are no longer reported, or with another `since`. */
export const attentionReportOutput = z.object({ resume: z.array(idField) });
export type AttentionReportOutput = z.infer<typeof attentionReportOutput>;
