import { NEXT_FEED_EPOCH, type Transaction, startFeedEpoch, statement } from '@cashback/postgres';

const startEpochStatement = statement<{ epoch: number }>({
  name: 'transactions.start-epoch',
  text: `
  INSERT INTO transactions.feed_epochs (epoch) SELECT ${NEXT_FEED_EPOCH} FROM transactions.feed_epochs
  RETURNING epoch`,
  columns: { epoch: 'int4' },
});

/** Begins a new epoch of both feeds after a restore, and returns it. */
export function startEpoch(tx: Transaction): Promise<number> {
  return startFeedEpoch(tx, { table: 'transactions.invoices', statement: startEpochStatement });
}
