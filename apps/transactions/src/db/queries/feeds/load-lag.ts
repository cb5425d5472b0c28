import { type Reader, statement } from '@cashback/postgres';

// The page of a feed ends where the oldest running transaction begins.
const lagOf = (table: string, changedAt: string): string => `
  SELECT coalesce((
    SELECT greatest(0, least(2147483647, extract(epoch FROM clock_timestamp() - ${changedAt}) * 1000))::integer
    FROM ${table}
    WHERE epoch = (SELECT max(epoch) FROM transactions.feed_epochs)
      AND xact_id >= pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY epoch, xact_id, change_id
    LIMIT 1
  ), 0) AS lag_ms`;

const cashbackFeedLagStatement = statement<{ lag_ms: number }>({
  name: 'transactions.cashback-feed-lag',
  text: lagOf('transactions.cashback_changes', 'created_at'),
  columns: { lag_ms: 'int4!' },
});

const invoiceFeedLagStatement = statement<{ lag_ms: number }>({
  name: 'transactions.invoice-feed-lag',
  text: lagOf('transactions.invoices', 'updated_at'),
  columns: { lag_ms: 'int4!' },
});

/** The age of the oldest committed change of cashback that waits for a transaction which is still running; 0 when none does. */
export async function cashbackFeedLagMs(reader: Reader): Promise<number> {
  const [row] = await cashbackFeedLagStatement.rows(reader, []);
  return row?.lag_ms ?? 0;
}

/** The same of the changed invoices. */
export async function invoiceFeedLagMs(reader: Reader): Promise<number> {
  const [row] = await invoiceFeedLagStatement.rows(reader, []);
  return row?.lag_ms ?? 0;
}
