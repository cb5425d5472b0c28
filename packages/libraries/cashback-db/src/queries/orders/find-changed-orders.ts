import { type Reader, statement } from '@cashback/postgres';

const findChangedOrdersStatement = statement<{ last: string | null; changed: string[] }>({
  name: 'cashback.find-changed-orders',
  text: `
  WITH page AS (
    SELECT order_id, updated_at FROM cashback.order_clears WHERE order_id > $1 ORDER BY order_id LIMIT $3
  )
  SELECT max(order_id COLLATE "C") AS last,
    coalesce(jsonb_agg(order_id ORDER BY order_id) FILTER (WHERE updated_at >= $2), '[]') AS changed
  FROM page
  HAVING count(*) > 0`,
  columns: { last: 'text?', changed: 'jsonb!' },
});

export interface ChangedOrders {
  order_ids: string[];
  /** Where the next page begins; null: there is none. */
  last: string | null;
}

/**
 * Reads the next `limit` orders behind `after`, by id, and returns those of them that changed at `since` or later. A
 * page may be empty without being the last one: there is no index by time, which each write of an order would pay for.
 */
export async function findChangedOrders(
  reader: Reader,
  { since, after, limit }: { since: Date; after: string; limit: number },
): Promise<ChangedOrders> {
  const [page] = await findChangedOrdersStatement.rows(reader, [after, since, limit]);
  return { order_ids: page?.changed ?? [], last: page?.last ?? null };
}
