import { type Transaction, statement } from '@cashback/postgres';

// A backup lacks the epochs that began after it, so the newest of the table and one more may have been given out before
// the restore. The minutes since 1970 exceed each that began in an earlier minute.
const startEpochStatement = statement<{ epoch: number }>({
  name: 'cashback.start-epoch',
  text: `
  INSERT INTO cashback.feed_epochs (epoch)
  SELECT greatest(max(epoch) + 1, floor(extract(epoch FROM now()) / 60)::integer) FROM cashback.feed_epochs
  RETURNING epoch`,
  columns: { epoch: 'int4' },
});

/**
 * Begins a new epoch of the feed of events after a restore, and returns it. No epoch that was given out before is given
 * again, as long as at most one begins a minute. Waits for running writers first: the feed takes an older epoch for
 * complete. Needs the owner of the tables.
 */
export async function startEventsEpoch(tx: Transaction): Promise<number> {
  await tx.client.query('LOCK TABLE cashback.events IN SHARE ROW EXCLUSIVE MODE');
  const [started] = await startEpochStatement.rows(tx.client, []);
  if (started === undefined) throw new Error('cashback.feed_epochs has no row to start from');
  return started.epoch;
}
