import {
  FEED_START,
  type FeedHorizon,
  type FeedPosition,
  type StoredEvent,
  listFeedEvents,
  listOrderEvents,
  loadFeedHorizon,
} from '@cashback/cashback-db';
import { type Reader, foreignPosition } from '@cashback/postgres';
import { CashbackError, type CashbackEvent, type EventsInput, type EventsOutput } from '@cashback/contract';
import { eventCursor } from '../feed-cursor.ts';

/**
 * Either a page of the feed, or all events of one order and the cursor after which the feed has its later ones. Throws
 * CURSOR_INVALID.
 */
export async function listEvents(reader: Reader, input: EventsInput): Promise<EventsOutput> {
  const horizon = await loadFeedHorizon(reader);
  if (input.order_id !== undefined) {
    // The horizon is read first, so an event that the list lacks is never before it.
    const events = await listOrderEvents(reader, input.order_id);
    return { events: events.map(toEvent), cursor: eventCursor.format(horizon.position) };
  }
  const after = input.after === undefined ? FEED_START : readCursor(input.after, horizon);
  const events = await listFeedEvents(reader, after, input.limit);
  return { events: events.map(toEvent), cursor: eventCursor.format(events.at(-1) ?? after) };
}

function readCursor(cursor: string, { position: newest, epochs }: FeedHorizon): FeedPosition {
  const after = eventCursor.parse(cursor);
  if (after === null) throw invalidCursor(cursor, 'it is not a cursor of this feed');
  const problem = foreignPosition(after, { ...newest, epochs });
  if (problem !== null) throw invalidCursor(cursor, problem);
  return after;
}

function invalidCursor(cursor: string, reason: string): CashbackError {
  return new CashbackError(
    'CURSOR_INVALID',
    `after: expected a cursor from an earlier answer, got ${JSON.stringify(cursor)}: ${reason}; ` +
      'read the feed from its start, without after',
    { after: cursor },
  );
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
