import type { Statement } from '../statements/statement.ts';
import type { Transaction } from '../statements/transaction.ts';

/**
 * The next epoch, as SQL over the owner's table of epochs. A backup lacks the epochs that began after it, so the newest
 * of the table and one more may have been given out before the restore. The minutes since 1970 exceed each that began in
 * an earlier minute.
 */
export const NEXT_FEED_EPOCH = 'greatest(max(epoch) + 1, floor(extract(epoch FROM now()) / 60)::integer)';

/** The same of the epochs that are stored, at a moment in milliseconds. A test holds the SQL against it. */
export function nextFeedEpoch(epochs: readonly number[], now: number): number {
  return Math.max(Math.max(...epochs) + 1, Math.floor(now / 60_000));
}

/**
 * Begins a new epoch of a feed after a restore, and returns it. No epoch that was given out before is given again, as
 * long as at most one begins a minute. Waits for running writers of `table` first: a feed takes an older epoch for
 * complete. Needs the owner of the tables.
 */
export async function startFeedEpoch(
  { client }: Transaction,
  { table, statement }: { table: string; statement: Statement<{ epoch: number }> },
): Promise<number> {
  await client.query(`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`);
  const [started] = await statement.rows(client, []);
  if (started === undefined)
    throw new Error(`${statement.name}: no epoch of the feed is stored to start from`);
  return started.epoch;
}
