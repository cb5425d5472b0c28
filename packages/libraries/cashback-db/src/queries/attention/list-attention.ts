import type { AttentionFilter } from '@cashback/contract';
import { type Reader, statement } from '@cashback/postgres';
import {
  ATTENTION_COLUMNS,
  type AttentionRow,
  REPORTED_ATTENTION,
  WORKER_ATTENTION,
  filterParameters,
} from './attention-rows.ts';

/** The last entry of a page: the next page begins behind it. */
export type AttentionPosition = Pick<AttentionRow, 'since' | 'order_id' | 'origin'>;

/** The first condition is the index's, the second one leaves out the entry itself. */
function pageOf({ columns, from, since }: typeof WORKER_ATTENTION, origin: string, further = ''): string {
  return `
    SELECT ${columns} FROM ${from}${further}
      AND (${since}, order_id) >= ($5::timestamptz, $6::text)
      AND (${since}, order_id, ${origin}) > ($5::timestamptz, $6::text, $7::text)
    ORDER BY ${since}, order_id LIMIT $8`;
}

export const listAttentionStatement = statement<AttentionRow & { as_of: Date }>({
  name: 'cashback.list-attention',
  text: `
  SELECT ${Object.keys(ATTENTION_COLUMNS).join(', ')}, now() AS as_of
  FROM (
    (${pageOf(WORKER_ATTENTION, "'worker'", " AND NOT ($9 AND attention_code IS NOT DISTINCT FROM 'held_by_breaker')")})
    UNION ALL
    (${pageOf(REPORTED_ATTENTION, 'origin', ' AND NOT ($9 AND since IS NOT DISTINCT FROM resume_of)')})
  ) AS found
  ORDER BY since, order_id, origin LIMIT $8`,
  columns: { ...ATTENTION_COLUMNS, as_of: 'timestamptz!' },
});

/**
 * A page of the orders that need attention, longest first, behind `after`. `resumable` leaves out those that resuming does
 * nothing for: what the breaker holds, and what a person has resumed already.
 */
export function listAttention(
  reader: Reader,
  filter: AttentionFilter,
  {
    after,
    limit,
    resumable = false,
  }: { after: AttentionPosition | null; limit: number; resumable?: boolean },
): Promise<(AttentionRow & { as_of: Date })[]> {
  const { since, order_id, origin } = after ?? { since: new Date(0), order_id: '', origin: '' };
  return listAttentionStatement.rows(reader, [
    ...filterParameters(filter),
    since,
    order_id,
    origin,
    limit,
    resumable,
  ]);
}
