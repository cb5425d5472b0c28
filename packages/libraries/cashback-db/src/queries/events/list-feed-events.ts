import { EVENT_COLUMNS, type StoredEvent } from './list-order-events.ts';
import { type Reader, feedPage, statement } from '@cashback/postgres';

/** The place of an event in the feed; a page holds what comes after it. */
export interface FeedPosition {
  epoch: number;
  xact_id: string;
  event_id: string;
}

/** Before the first event. */
export const FEED_START: FeedPosition = { epoch: 0, xact_id: '0', event_id: '0' };

export type FeedEvent = StoredEvent & FeedPosition;

const listFeedEventsStatement = statement<FeedEvent>({
  name: 'cashback.list-feed-events',
  text: `
  SELECT ${Object.keys(EVENT_COLUMNS).join(', ')}, epoch, xact_id
  FROM cashback.events${feedPage({ id: 'event_id', epochs: 'cashback.feed_epochs' })}`,
  columns: { ...EVENT_COLUMNS, epoch: 'int4', xact_id: 'xid8' },
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
