import type { ParsedAttentionReportInput } from '@cashback/contract';
import { type Transaction, statement } from '@cashback/postgres';

type Report = ParsedAttentionReportInput;

/** Any constant will do, as long as nothing else in the database uses it. */
const REPORTS_LOCK = 8_223_417_607;
/** A report that says nothing new is written down only when it is this late. */
const RENEWED_AFTER_S = 30;

// Processes of one app report the same orders, each as it has read them: one after the other, they cannot deadlock.
const lockReportsStatement = statement({
  name: 'cashback.lock-reports',
  text: 'SELECT FROM pg_advisory_xact_lock($1::bigint)',
  columns: {},
});

const deleteRangeStatement = statement({
  name: 'cashback.delete-reports-of-range',
  text: `
  DELETE FROM cashback.reported_attention
  WHERE origin = $1 AND order_id > $2 AND ($3::text IS NULL OR order_id <= $3) AND order_id <> ALL($4::text[])`,
  columns: {},
});

const deleteGivenStatement = statement({
  name: 'cashback.delete-reports-of-orders',
  text: `
  DELETE FROM cashback.reported_attention
  WHERE origin = $1 AND order_id = ANY($2::text[]) AND order_id <> ALL($3::text[])`,
  columns: {},
});

const upsertReportsStatement = statement({
  name: 'cashback.upsert-reports',
  text: `
  INSERT INTO cashback.reported_attention AS stored (order_id, origin, service, code, reason, details, since)
  SELECT order_id, $1, service, code, reason, details::jsonb, since
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
    AS input (order_id, service, code, reason, details, since)
  ORDER BY order_id COLLATE "C"
  ON CONFLICT (order_id, origin) DO UPDATE SET
    service = excluded.service,
    code = excluded.code,
    reason = excluded.reason,
    details = excluded.details,
    since = excluded.since,
    seen_at = now()
  WHERE stored.seen_at < now() - interval '${RENEWED_AFTER_S} s'
    OR (stored.service, stored.code, stored.reason, stored.details, stored.since)
      IS DISTINCT FROM (excluded.service, excluded.code, excluded.reason, excluded.details, excluded.since)`,
  columns: {},
});

const findResumedStatement = statement<{ order_id: string }>({
  name: 'cashback.find-resumed-reports',
  text: `
  SELECT order_id FROM cashback.reported_attention
  WHERE origin = $1 AND order_id = ANY($2::text[]) AND resume_of = since`,
  columns: { order_id: 'text' },
});

/** Replaces what the app reported of the covered orders. Returns those of the reported ones that a person resumed. */
export async function replaceReports(
  { client }: Transaction,
  { origin, order_ids, after, through, orders }: Report,
): Promise<string[]> {
  const reported = orders.map(({ order_id }) => order_id);
  await lockReportsStatement.run(client, [REPORTS_LOCK]);
  await (order_ids === undefined
    ? deleteRangeStatement.run(client, [origin, after, through, reported])
    : deleteGivenStatement.run(client, [origin, order_ids, reported]));
  if (orders.length === 0) return [];
  await upsertReportsStatement.run(client, [
    origin,
    reported,
    orders.map(({ service }) => service),
    orders.map(({ code }) => code),
    orders.map(({ reason }) => reason),
    orders.map(({ details }) => details && JSON.stringify(details)),
    orders.map(({ since }) => since),
  ]);
  const resumed = await findResumedStatement.rows(client, [origin, reported]);
  return resumed.map(({ order_id }) => order_id);
}
