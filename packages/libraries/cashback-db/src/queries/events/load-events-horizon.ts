import {
  type FeedHorizon,
  type FeedHorizonRow,
  type Reader,
  loadFeedHorizon,
  statement,
} from '@cashback/postgres';

const loadHorizonStatement = statement<FeedHorizonRow>({
  name: 'cashback.load-events-horizon',
  text: `
  SELECT array_agg(epoch ORDER BY epoch) AS epochs, pg_snapshot_xmin(pg_current_snapshot()) AS xact_id
  FROM cashback.feed_epochs`,
  columns: { epochs: '_int4?', xact_id: 'xid8' },
});

/** How far the feed of events can be read. */
export function loadEventsHorizon(reader: Reader): Promise<FeedHorizon> {
  return loadFeedHorizon(loadHorizonStatement, reader);
}
