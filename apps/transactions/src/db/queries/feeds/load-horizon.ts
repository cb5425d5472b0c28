import { type Reader, statement } from '@cashback/postgres';

/** How far the feeds can be read. */
export interface FeedHorizon {
  /** The newest one, of this database. */
  epoch: number;
  /** Every change of a transaction before it can be read now; what follows it may still be running. */
  xact_id: string;
  /** Epochs that this database has been through, oldest first. */
  epochs: number[];
}

const loadHorizonStatement = statement<{ epochs: number[] | null; xact_id: string }>({
  name: 'transactions.load-horizon',
  text: `
  SELECT array_agg(epoch ORDER BY epoch) AS epochs, pg_snapshot_xmin(pg_current_snapshot()) AS xact_id
  FROM transactions.feed_epochs`,
  columns: { epochs: '_int4?', xact_id: 'xid8' },
});

export async function loadHorizon(reader: Reader): Promise<FeedHorizon> {
  const [row] = await loadHorizonStatement.rows(reader, []);
  const epochs = row?.epochs ?? [];
  const epoch = epochs.at(-1);
  if (row === undefined || epoch === undefined) {
    throw new Error('transactions.feed_epochs is empty: run the migrations');
  }
  return { epoch, xact_id: row.xact_id, epochs };
}
