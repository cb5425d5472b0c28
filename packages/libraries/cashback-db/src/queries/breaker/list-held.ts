import type { Source } from '@cashback/contract/source';
import type { Hold } from '@cashback/core';
import { type Reader, statement } from '@cashback/postgres';
import { newestEventsOf } from '../events/newest-events.ts';

export interface ListedHold {
  order_id: string;
  revision: number;
  hold: Hold;
  held_since: Date;
  /** The newest event of each source. */
  target: { source: Source; value: string }[];
}

const listHeldStatement = statement<ListedHold>({
  name: 'cashback.list-held',
  text: `
  SELECT order_id, revision, hold, coalesce(attention_since, unsettled_since) AS held_since,
    (
      SELECT coalesce(jsonb_agg(jsonb_build_object('source', source, 'value', value::text)), '[]')
      FROM ${newestEventsOf('stored.order_id')} AS newest
    ) AS target
  FROM cashback.order_clears AS stored
  WHERE held_revision = revision AND order_id > $1 AND ($2::text IS NULL OR service = $2)
  ORDER BY order_id LIMIT $3`,
  columns: {
    order_id: 'text',
    revision: 'int4',
    hold: 'jsonb!',
    held_since: 'timestamptz!',
    target: 'jsonb!',
  },
});

/** Orders with a part of their target that is held, by id, behind `after`. */
export function listHeld(
  reader: Reader,
  { service, after, limit }: { service: string | null; after: string; limit: number },
): Promise<ListedHold[]> {
  return listHeldStatement.rows(reader, [after, service, limit]);
}
