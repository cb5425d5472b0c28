import type { ClientBase } from 'pg';

/** A quarter of the orders that are not settled needs attention. */
export const ATTENTION_EVERY = 4;

/** The user's target is raised by 1, and rewarded is the one before. Ids are random: the first ones stand anywhere in the table. */
const unsettleText = `
  WITH chosen AS MATERIALIZED (
    SELECT order_id, row_number() OVER () AS n
    FROM (SELECT order_id FROM cashback.order_clears ORDER BY order_id LIMIT $1) AS first
  ), raised AS (
    UPDATE cashback.order_clears AS stored SET
      revision = 2, invoice_version = 2, cashback_sum = cashback_sum + 1, unsettled_since = now(), next_charge_at = now(),
      poll_at = now() + interval '1 minute', attention_since = now(),
      attention = CASE WHEN n % ${ATTENTION_EVERY} = 0 THEN 'of the benchmark' END,
      attention_code = CASE WHEN n % ${ATTENTION_EVERY} = 0 THEN 'operations_failed' END
    FROM chosen WHERE stored.order_id = chosen.order_id
  )
  INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
  SELECT order_id, source, value + 1, 2, 2 FROM cashback.events JOIN chosen USING (order_id)
  WHERE source = 'user' AND revision = 1`;

/** Raises the targets of `count` settled orders, and leaves the tables as autovacuum would. */
export async function unsettleOrders(client: ClientBase, count: number): Promise<void> {
  const { rowCount } = await client.query(unsettleText, [count]);
  if (rowCount !== count) throw new Error(`${count} orders should be raised, ${rowCount} were`);
  await client.query('VACUUM (ANALYZE) cashback.order_clears, cashback.events');
}
