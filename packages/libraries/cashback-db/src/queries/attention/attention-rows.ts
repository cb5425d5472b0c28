import type { AttentionEntry, AttentionFilter, AttentionOrigin } from '@cashback/contract';

/** How long a report counts as new, and after which time without a newer one it is not shown any more. */
const STALE_AFTER_S = 300;
const EXPIRES_AFTER_S = 86_400;

/** A need for attention of an order, by what one app says. */
export interface AttentionRow {
  order_id: string;
  service: string;
  origin: AttentionOrigin;
  /** Null: an older release gave the reason alone. */
  code: string | null;
  reason: string;
  details: AttentionEntry['details'];
  since: Date;
  /** When the app reported it last; null: it is in the order's row. */
  reported_at: Date | null;
  is_stale: boolean;
  /** A person resumed it, and the app has not taken it up yet. */
  is_resume_requested: boolean;
}

/** The columns of such a row, in the order in which the tables below select them. */
export const ATTENTION_COLUMNS = {
  order_id: 'text!',
  service: 'text!',
  origin: 'text!',
  code: 'text?',
  reason: 'text!',
  details: 'jsonb?',
  since: 'timestamptz!',
  reported_at: 'timestamptz?',
  is_stale: 'bool!',
  is_resume_requested: 'bool!',
} as const;

/** Parameters 1 to 4 of a statement are the filter. */
export function filterParameters({ code, service, origin, older_than }: AttentionFilter): unknown[] {
  return [code ?? null, service ?? null, origin ?? null, older_than ?? null];
}

const SINCE = 'coalesce(attention_since, unsettled_since)';

function filtered(origin: AttentionOrigin, code: string, since: string): string {
  return `($1::text IS NULL OR ${code} = $1) AND ($2::text IS NULL OR service = $2)
    AND ($3::text IS NULL OR $3 = '${origin}') AND ($4::timestamptz IS NULL OR ${since} <= $4)`;
}

/** The orders of the worker and of processing that need attention, as tables to select from. */
export const WORKER_ATTENTION = {
  since: SINCE,
  columns: `order_id, service, 'worker' AS origin, attention_code AS code, attention AS reason, attention_details AS details,
    ${SINCE} AS since, NULL::timestamptz AS reported_at, false AS is_stale, false AS is_resume_requested`,
  from: `cashback.order_clears WHERE attention IS NOT NULL AND ${filtered('worker', 'attention_code', SINCE)}`,
};

export const REPORTED_COLUMNS = `order_id, service, origin, code, reason, details, since, seen_at AS reported_at,
    seen_at < now() - interval '${STALE_AFTER_S} s' AS is_stale, since IS NOT DISTINCT FROM resume_of AS is_resume_requested`;
export const IS_REPORTED = `seen_at > now() - interval '${EXPIRES_AFTER_S} s'`;

export const REPORTED_ATTENTION = {
  since: 'since',
  columns: REPORTED_COLUMNS,
  from: `cashback.reported_attention WHERE ${IS_REPORTED} AND ${filtered('processing', 'code', 'since')}`,
};
