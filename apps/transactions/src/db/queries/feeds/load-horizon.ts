import {
  type FeedHorizon,
  type FeedHorizonRow,
  type Reader,
  loadFeedHorizon,
  statement,
} from '@cashback/postgres';

const loadHorizonStatement = statement<FeedHorizonRow>({
  name: 'transactions.load-horizon',
  text: `
  SELECT array_agg(epoch ORDER BY epoch) AS epochs, pg_snapshot_xmin(pg_current_snapshot()) AS xact_id
  FROM transactions.feed_epochs`,
  columns: { epochs: '_int4?', xact_id: 'xid8' },
});

/** How far the feeds can be read. */
export function loadHorizon(reader: Reader): Promise<FeedHorizon> {
  return loadFeedHorizon(loadHorizonStatement, reader);
}
