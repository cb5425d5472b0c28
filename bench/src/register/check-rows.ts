import type { Client } from 'pg';

/** Every later write has this transaction id or a higher one. */
export async function nextTransactionId(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot()) AS id');
  return rows[0]?.id ?? '';
}

/**
 * Throws unless exactly the acknowledged orders were written since `from`, each with its row, two events and a job. The
 * feed's index finds the events, so the cost does not depend on the number of orders.
 */
export async function checkRows(
  client: Client,
  expected: { from: string; acknowledged: number },
): Promise<void> {
  const { from, acknowledged } = expected;
  const { rows } = await client.query<{ events: string; orders: string; jobs: string }>(
    `WITH written AS MATERIALIZED (
       SELECT order_id, count(*) AS events FROM cashback.events
       WHERE epoch = (SELECT max(epoch) FROM cashback.feed_epochs) AND xact_id >= $1::xid8
       GROUP BY order_id
     )
     SELECT
       (SELECT coalesce(sum(events), 0) FROM written) AS events,
       (SELECT count(*) FROM written JOIN cashback.order_clears USING (order_id) WHERE revision = 1 AND events = 2) AS orders,
       (SELECT count(*) FROM cashback_jobs.job) AS jobs`,
    [from],
  );
  const found = rows[0] ?? { events: '0', orders: '0', jobs: '0' };
  const expectedCounts = { events: acknowledged * 2, orders: acknowledged, jobs: acknowledged };
  for (const [what, count] of Object.entries(expectedCounts)) {
    if (Number(found[what as keyof typeof expectedCounts]) === count) continue;
    throw new Error(
      `${acknowledged} orders were acknowledged, so ${count} ${what} were expected; the database has ` +
        `${found.orders} orders with two events, ${found.events} events and ${found.jobs} jobs of them`,
    );
  }
}
