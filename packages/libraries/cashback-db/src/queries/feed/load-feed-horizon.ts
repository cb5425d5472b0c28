import type { FeedPosition } from './list-feed-events.ts';
import { type Reader, statement } from '@cashback/postgres';

export interface FeedHorizon {
  /** Every event before it can be read now; what follows it may still be running. */
  position: FeedPosition;
  /** Epochs that this database has been through, oldest first. */
  epochs: number[];
}

const loadFeedHorizonStatement = statement<{ epochs: number[] | null; xact_id: string }>({
  name: 'cashback.load-feed-horizon',
  text: `
  SELECT array_agg(epoch ORDER BY epoch) AS epochs, pg_snapshot_xmin(pg_current_snapshot()) AS xact_id
  FROM cashback.feed_epochs`,
  columns: { epochs: '_int4?', xact_id: 'xid8' },
});

/** How far the feed can be read. */
export async function loadFeedHorizon(reader: Reader): Promise<FeedHorizon> {
  const rows = await loadFeedHorizonStatement.rows(reader, []);
  const epochs = rows[0]?.epochs ?? [];
  const epoch = epochs.at(-1);
  if (rows[0] === undefined || epoch === undefined)
    throw new Error('feed_epochs is empty: run the migrations');
  return { position: { epoch, xact_id: rows[0].xact_id, event_id: '0' }, epochs };
}
