import type { ParsedAttentionReportInput } from '@cashback/contract';
import { type Transaction, statement } from '@cashback/postgres';

type Report = ParsedAttentionReportInput;

/** Any constant will do, as long as nothing else in the database uses it. */
const REPORTS_LOCK = 8_223_417_607;
/**
 * A report that states nothing new is written down only when it is this late. Until then no older report can differ from
 * it but in the reason: a need that ends and begins again has another `since`.
 */
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
  WHERE origin = $1 AND order_id > $2 AND ($3::text IS NULL OR order_id <= $3) AND order_id <> ALL($4::text[])
    AND ($5::timestamptz IS NULL OR seen_at < $5)`,
  columns: {},
});

const deleteGivenStatement = statement({
  name: 'cashback.delete-reports-of-orders',
  text: `
  DELETE FROM cashback.reported_attention
  WHERE origin = $1 AND order_id = ANY($2::text[]) AND order_id <> ALL($3::text[])
    AND ($4::timestamptz IS NULL OR seen_at < $4)`,
  columns: {},
});

// A clock of the app that is ahead makes no report newer than its arrival, or those behind it would be too old.
const upsertReportsStatement = statement({
  name: 'cashback.upsert-reports',
  text: `
  INSERT INTO cashback.reported_attention AS stored (order_id, origin, service, code, reason, details, since, seen_at)
  SELECT order_id, $1, service, code, reason, details::jsonb, since, least($8::timestamptz, now())
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
    AS input (order_id, service, code, reason, details, since)
  ORDER BY order_id COLLATE "C"
  ON CONFLICT (order_id, origin) DO UPDATE SET
    service = excluded.service,
    code = excluded.code,
    reason = excluded.reason,
    details = excluded.details,
    since = excluded.since,
    seen_at = excluded.seen_at
  WHERE ($8::timestamptz IS NULL OR stored.seen_at < $8)
    AND (
      stored.seen_at < excluded.seen_at - interval '${RENEWED_AFTER_S} s'
      OR (stored.service, stored.code, stored.reason, stored.details, stored.since)
        IS DISTINCT FROM (excluded.service, excluded.code, excluded.reason, excluded.details, excluded.since)
    )`,
  columns: {},
});

const findResumedStatement = statement<{ order_id: string }>({
  name: 'cashback.find-resumed-reports',
  text: `
  SELECT stored.order_id
  FROM unnest($2::text[], $3::timestamptz[]) AS input (order_id, since)
  JOIN cashback.reported_attention AS stored ON stored.order_id = input.order_id AND stored.since = input.since
  WHERE stored.origin = $1 AND stored.resume_of = stored.since`,
  columns: { order_id: 'text' },
});

/** Until the transaction ends no report changes what is known of orders. */
export async function lockReports({ client }: Transaction): Promise<void> {
  await lockReportsStatement.run(client, [REPORTS_LOCK]);
}

/**
 * Replaces what the app reported of the covered orders, but for what it saw later than this. Returns those of the
 * reported needs that a person resumed.
 */
export async function replaceReports(
  tx: Transaction,
  { origin, order_ids, after, through, orders, ...report }: Report,
): Promise<string[]> {
  const { client } = tx;
  const read_at = report.read_at ?? null;
  const reported = orders.map(({ order_id }) => order_id);
  await lockReports(tx);
  await (order_ids === undefined
    ? deleteRangeStatement.run(client, [origin, after, through, reported, read_at])
    : deleteGivenStatement.run(client, [origin, order_ids, reported, read_at]));
  if (orders.length === 0) return [];
  await upsertReportsStatement.run(client, [
    origin,
    reported,
    orders.map(({ service }) => service),
    orders.map(({ code }) => code),
    orders.map(({ reason }) => reason),
    orders.map(({ details }) => details && JSON.stringify(details)),
    orders.map(({ since }) => since),
    read_at,
  ]);
  const sinces = orders.map(({ since }) => since);
  const resumed = await findResumedStatement.rows(client, [origin, reported, sinces]);
  return resumed.map(({ order_id }) => order_id);
}
