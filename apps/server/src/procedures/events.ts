import {
  FEED_START,
  type FeedPosition,
  type StoredEvent,
  listFeedEvents,
  listOrderEvents,
  loadEventsHorizon,
} from '@cashback/cashback-db';
import { type FeedHorizon, type Reader, readFeedCursor } from '@cashback/postgres';
import { CashbackError, type CashbackEvent, type EventsInput, type EventsOutput } from '@cashback/contract';
import { eventCursor } from '../feed-cursor.ts';

/**
 * Either a page of the feed, or all events of one order and the cursor after which the feed has its later ones. Throws
 * CURSOR_INVALID.
 */
export async function listEvents(reader: Reader, input: EventsInput): Promise<EventsOutput> {
  const horizon = await loadEventsHorizon(reader);
  if (input.order_id !== undefined) {
    // The horizon is read first, so an event that the list lacks is never before it.
    const events = await listOrderEvents(reader, input.order_id);
    return { events: events.map(toEvent), cursor: eventCursor.format({ ...horizon, event_id: '0' }) };
  }
  const after = input.after === undefined ? FEED_START : readCursor(input.after, horizon);
  const events = await listFeedEvents(reader, after, input.limit);
  return { events: events.map(toEvent), cursor: eventCursor.format(events.at(-1) ?? after) };
}

function readCursor(cursor: string, horizon: FeedHorizon): FeedPosition {
  const read = readFeedCursor(eventCursor, cursor, horizon);
  if ('problem' in read) throw new CashbackError('CURSOR_INVALID', read.problem, { after: cursor });
  return read.position;
}

function toEvent(event: StoredEvent): CashbackEvent {
  const { event_id, order_id, source, value, revision, invoice_epoch, invoice_version, created_at } = event;
  return {
    event_id,
    order_id,
    source,
    value,
    revision,
    invoice_epoch,
    invoice_version,
    created_at: created_at.toISOString(),
  };
}
