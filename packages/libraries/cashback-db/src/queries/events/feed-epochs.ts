import { NEXT_FEED_EPOCH, type Transaction, startFeedEpoch, statement } from '@cashback/postgres';

const startEpochStatement = statement<{ epoch: number }>({
  name: 'cashback.start-epoch',
  text: `
  INSERT INTO cashback.feed_epochs (epoch) SELECT ${NEXT_FEED_EPOCH} FROM cashback.feed_epochs
  RETURNING epoch`,
  columns: { epoch: 'int4' },
});

/** Begins a new epoch of the feed of events after a restore, and returns it. */
export function startEventsEpoch(tx: Transaction): Promise<number> {
  return startFeedEpoch(tx, { table: 'cashback.events', statement: startEpochStatement });
}
