import { type Amount, formatAmount } from '@cashback/contract/amount';
import type { Source } from '@cashback/contract/source';
import { type Transaction, statement } from '@cashback/postgres';

export interface NewEvent {
  order_id: string;
  source: Source;
  value: Amount;
  revision: number;
  invoice_epoch: number;
  invoice_version: number;
}

const insertEventsStatement = statement({
  name: 'cashback.insert-events',
  text: `
  INSERT INTO cashback.events (order_id, source, value, revision, invoice_epoch, invoice_version, epoch)
  SELECT order_id, source, value, revision, invoice_epoch, invoice_version, (SELECT max(epoch) FROM cashback.feed_epochs)
  FROM unnest($1::text[], $2::text[], $3::numeric[], $4::integer[], $5::integer[], $6::integer[])
    AS input (order_id, source, value, revision, invoice_epoch, invoice_version)`,
  columns: {},
});

/** Adds changes of targets, in the newest epoch of the feed. */
export async function insertEvents(tx: Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await insertEventsStatement.run(tx.client, [
    events.map((event) => event.order_id),
    events.map((event) => event.source),
    events.map((event) => formatAmount(event.value)),
    events.map((event) => event.revision),
    events.map((event) => event.invoice_epoch),
    events.map((event) => event.invoice_version),
  ]);
}
