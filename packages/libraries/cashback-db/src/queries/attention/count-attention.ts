import type { AttentionFilter } from '@cashback/contract';
import { type Reader, statement } from '@cashback/postgres';
import {
  type AttentionRow,
  REPORTED_ATTENTION,
  WORKER_ATTENTION,
  filterParameters,
} from './attention-rows.ts';

export interface AttentionCount extends Pick<AttentionRow, 'service' | 'origin' | 'code'> {
  orders: number;
  /** Those of them whose report was not renewed in time. */
  stale: number;
  oldest_since: Date;
}

const countAttentionStatement = statement<
  { as_of: Date } & { [Key in keyof AttentionCount]: AttentionCount[Key] | null }
>({
  name: 'cashback.count-attention',
  text: `
  WITH needed AS (
    SELECT ${WORKER_ATTENTION.columns} FROM ${WORKER_ATTENTION.from}
    UNION ALL
    SELECT ${REPORTED_ATTENTION.columns} FROM ${REPORTED_ATTENTION.from}
  ), counted AS (
    SELECT service, origin, code, count(*)::int AS orders, count(*) FILTER (WHERE is_stale)::int AS stale,
      min(since) AS oldest_since
    FROM needed GROUP BY service, origin, code
  )
  SELECT moment.as_of, service, origin, code, orders, stale, oldest_since
  FROM (SELECT now() AS as_of) AS moment LEFT JOIN counted ON true
  ORDER BY service, origin, code`,
  columns: {
    as_of: 'timestamptz!',
    service: 'text?',
    origin: 'text?',
    code: 'text?',
    orders: 'int4?',
    stale: 'int4?',
    oldest_since: 'timestamptz?',
  },
});

/** How many orders need attention, in one snapshot. It costs what those orders cost, however many others there are. */
export async function countAttention(
  reader: Reader,
  filter: AttentionFilter,
): Promise<{ as_of: Date; counts: AttentionCount[] }> {
  const rows = await countAttentionStatement.rows(reader, filterParameters(filter));
  const as_of = rows[0]?.as_of;
  if (as_of === undefined) throw new Error('a statement that always returns a row returned none');
  return { as_of, counts: rows.flatMap((row) => countOf(row) ?? []) };
}

function countOf({
  service,
  origin,
  code,
  orders,
  stale,
  oldest_since,
}: { [Key in keyof AttentionCount]: AttentionCount[Key] | null }): AttentionCount | null {
  if (service === null || origin === null || orders === null || oldest_since === null) return null;
  return { service, origin, code, orders, stale: stale ?? 0, oldest_since };
}
