import type { StoredEvent } from './list-order-events.ts';
import { type Reader, statement } from '@cashback/postgres';

/** Where an event stands in the feed; a page holds what comes after it. */
export interface FeedPosition {
  epoch: number;
  xact_id: string;
  event_id: string;
}

/** Before the first event. */
export const FEED_START: FeedPosition = { epoch: 0, xact_id: '0', event_id: '0' };

export type FeedEvent = StoredEvent & FeedPosition;

// A transaction that is still running may yet commit an event before those of a younger one, so the page ends
// where the oldest running transaction begins. Older epochs were written elsewhere: nothing of theirs is running.
const listFeedEventsStatement = statement<FeedEvent>({
  name: 'cashback.list-feed-events',
  text: `
  SELECT event_id, order_id, source, value, revision, invoice_epoch, invoice_version, created_at, epoch, xact_id
  FROM cashback.events
  WHERE (epoch, xact_id, event_id) > ($1::integer, $2::xid8, $3::bigint)
    AND (epoch < (SELECT max(epoch) FROM cashback.feed_epochs)
      OR xact_id < pg_snapshot_xmin(pg_current_snapshot()))
  ORDER BY epoch, xact_id, event_id
  LIMIT $4`,
  columns: {
    event_id: 'int8',
    order_id: 'text',
    source: 'text',
    value: 'numeric',
    revision: 'int4',
    invoice_epoch: 'int4',
    invoice_version: 'int4',
    created_at: 'timestamptz',
    epoch: 'int4',
    xact_id: 'xid8',
  },
});

/** The page of the feed after a position. It skips nothing that commits late: it waits for it. */
export async function listFeedEvents(
  reader: Reader,
  after: FeedPosition,
  limit: number,
): Promise<FeedEvent[]> {
  const rows = await listFeedEventsStatement.rows(reader, [
    after.epoch,
    after.xact_id,
    after.event_id,
    limit,
  ]);
  return rows;
}
