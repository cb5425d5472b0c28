import { copyDatabase, dropDatabase } from '../../database/databases.ts';
import { withClient } from '../../database/with-client.ts';
import type { IdForm } from '../order-ids.ts';
import type { FilledDatabase } from './filled-database.ts';
import { writeOrders } from './write-orders.ts';

/** The database that measurements write to. */
export interface RunDatabase {
  orders: number;
  /** Before the measurements of a round. */
  beginRound(): Promise<void>;
  /** Before each measurement: no job waits. Returns the URL. */
  prepare(): Promise<string>;
  drop(): Promise<void>;
}

/** A copy as small as this is made anew for each measurement; a larger one grows by what the run writes. */
const freshCopyOrders = 100_000;
/** Enough that an insert of each of them in a random place leaves a twentieth of an index's pages untouched. */
const touchedShare = 1 / 20;

/**
 * After a checkpoint the first change of each page puts the whole page into the log: at random places of large indexes,
 * that is two pages for each order. A busy database is past that after the first part of a cycle of many minutes, in
 * which each page changes dozens of times; so a round on a large table begins with orders that nobody measures. With
 * `after_checkpoint` each measurement is made at that first moment instead.
 */
export function createRunDatabase(
  serverUrl: string,
  filled: FilledDatabase,
  options: { form: IdForm; after_checkpoint: boolean },
): RunDatabase {
  const { orders } = filled;
  const { form, after_checkpoint } = options;
  const name = `${filled.name}_run`;
  const fresh = orders <= freshCopyOrders;
  let copy: string | undefined;
  let written = orders;

  async function openCopy(): Promise<string> {
    const made = await copyDatabase(serverUrl, filled.name, name);
    if (!fresh) await warm(made);
    return made;
  }
  return {
    orders,
    async beginRound() {
      if (fresh || after_checkpoint) return;
      copy ??= await openCopy();
      const more = Math.round(orders * touchedShare);
      await withClient(copy, async (client) => {
        await client.query('CHECKPOINT');
        await writeOrders(client, { form, from: written + 1, to: written + more });
      });
      written += more;
    },
    async prepare() {
      const url = copy === undefined || fresh ? await openCopy() : copy;
      copy = url;
      await withClient(url, async (client) => {
        await client.query('TRUNCATE cashback_jobs.job');
        if (fresh || after_checkpoint) await client.query('CHECKPOINT');
      });
      return url;
    },
    drop: () => dropDatabase(serverUrl, name),
  };
}

/** A database that has been serving has its indexes in memory. Where the extension is missing, it starts cold. */
async function warm(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query(
      "SELECT FROM pg_available_extensions WHERE name = 'pg_prewarm' AND (SELECT usesuper FROM pg_user WHERE usename = current_user)",
    );
    if (rowCount === 0) return;
    await client.query('CREATE EXTENSION IF NOT EXISTS pg_prewarm');
    await client.query(`
      SELECT pg_prewarm(indexrelid) FROM pg_index
      WHERE indrelid IN ('cashback.order_clears'::regclass, 'cashback.events'::regclass)`);
  });
}
