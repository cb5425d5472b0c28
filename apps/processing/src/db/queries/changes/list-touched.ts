import { type Transaction, statement } from '@cashback/postgres';

interface Page {
  /** The last id of the page; null when nothing follows. */
  last: string | null;
  order_ids: string[];
}

// The page is bounded by the rows that it reads, not by those that it finds: few may have changed.
const listTouchedStatement = statement<{ last: string | null; read: number; order_ids: string[] | null }>({
  name: 'processing.list-touched',
  text: `
  SELECT max(order_id) AS last, count(*)::int AS read,
    jsonb_agg(order_id ORDER BY order_id) FILTER (WHERE updated_at >= $2) AS order_ids
  FROM (
    SELECT order_id, updated_at
    FROM processing.invoice_changes
    WHERE order_id > $1
    ORDER BY order_id
    LIMIT $3
  ) AS page`,
  columns: { last: 'text?', read: 'int4', order_ids: 'jsonb?' },
});

/** Reads up to `limit` orders after an id, and returns those whose row changed since a time. */
export async function listTouched(
  { client }: Transaction,
  { after, since, limit }: { after: string; since: Date; limit: number },
): Promise<Page> {
  const [page] = await listTouchedStatement.rows(client, [after, since, limit]);
  if (page === undefined) throw new Error('an aggregate has one row');
  return { last: page.read < limit ? null : page.last, order_ids: page.order_ids ?? [] };
}
