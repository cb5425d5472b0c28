import type { Reader } from '../statements/reader.ts';
import { statement } from '../statements/statement.ts';
import type { Transaction } from '../statements/transaction.ts';
import type { FeedHorizon } from './feed-horizon.ts';

/**
 * The next epoch, as SQL over the owner's table of epochs. A backup lacks the epochs that began after it, so the newest
 * of the table and one more may have been given out before the restore. The minutes since 1970 exceed each that began in
 * an earlier minute.
 */
const NEXT_FEED_EPOCH = 'greatest(max(epoch) + 1, floor(extract(epoch FROM now()) / 60)::integer)';

/** The same of the epochs that are stored, at a moment in milliseconds. A test holds the SQL against it. */
export function nextFeedEpoch(epochs: readonly number[], now: number): number {
  return Math.max(Math.max(...epochs) + 1, Math.floor(now / 60_000));
}

export interface FeedEpochs {
  /** How far the owner's feeds can be read. Throws while the table of epochs is empty. */
  loadHorizon: (reader: Reader) => Promise<FeedHorizon>;
  /**
   * Begins a new epoch after a restore, and returns it. No epoch that was given out before is given again, as long as at
   * most one begins a minute. Waits for running writers of the feed first: a feed takes an older epoch for complete. Needs
   * the owner of the tables.
   */
  startEpoch: (tx: Transaction) => Promise<number>;
}

/** Declares the statements of an owner's table of epochs. `written` is the table whose writers write its feeds. */
export function feedEpochs({
  horizon,
  start,
  table,
  written,
}: {
  /** The names of the two statements. */
  horizon: string;
  start: string;
  table: string;
  written: string;
}): FeedEpochs {
  // The oldest transaction that is still running bounds what can be read.
  const horizonStatement = statement<{ epochs: number[] | null; xact_id: string }>({
    name: horizon,
    text: `
    SELECT array_agg(epoch ORDER BY epoch) AS epochs, pg_snapshot_xmin(pg_current_snapshot()) AS xact_id
    FROM ${table}`,
    columns: { epochs: '_int4?', xact_id: 'xid8' },
  });
  const startStatement = statement<{ epoch: number }>({
    name: start,
    text: `
    INSERT INTO ${table} (epoch) SELECT ${NEXT_FEED_EPOCH} FROM ${table}
    RETURNING epoch`,
    columns: { epoch: 'int4' },
  });
  return {
    async loadHorizon(reader) {
      const [row] = await horizonStatement.rows(reader, []);
      const epochs = row?.epochs ?? [];
      const epoch = epochs.at(-1);
      if (row === undefined || epoch === undefined) {
        throw new Error(`${horizon}: no epoch of the feed is stored: run the migrations`);
      }
      return { epoch, xact_id: row.xact_id, epochs };
    },
    async startEpoch({ client }) {
      await client.query(`LOCK TABLE ${written} IN SHARE ROW EXCLUSIVE MODE`);
      const [started] = await startStatement.rows(client, []);
      if (started === undefined) throw new Error(`${start}: no epoch of the feed is stored to start from`);
      return started.epoch;
    },
  };
}
