import type { Source } from '@cashback/contract/source';
import { type Reader, statement } from '@cashback/postgres';

/** A row of `events`; `value` with four places. */
export interface StoredEvent {
  event_id: string;
  order_id: string;
  source: Source;
  value: string;
  revision: number;
  invoice_epoch: number;
  invoice_version: number;
  created_at: Date;
}

/** The columns of such a row. */
export const EVENT_COLUMNS = {
  event_id: 'int8',
  order_id: 'text',
  source: 'text',
  value: 'numeric',
  revision: 'int4',
  invoice_epoch: 'int4',
  invoice_version: 'int4',
  created_at: 'timestamptz',
} as const;

/** No order comes near it; it bounds what one answer can hold. */
const MAX_EVENTS = 10_000;

const listOrderEventsStatement = statement<StoredEvent>({
  name: 'cashback.list-order-events',
  text: `
  SELECT ${Object.keys(EVENT_COLUMNS).join(', ')}
  FROM (
    SELECT * FROM cashback.events WHERE order_id = $1 ORDER BY revision DESC, source DESC LIMIT ${MAX_EVENTS}
  ) AS newest
  ORDER BY revision, source`,
  columns: EVENT_COLUMNS,
});

/** All events of an order, by revision and then by source. */
export async function listOrderEvents(reader: Reader, orderId: string): Promise<StoredEvent[]> {
  const rows = await listOrderEventsStatement.rows(reader, [orderId]);
  return rows;
}
