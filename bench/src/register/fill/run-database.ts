import { copyDatabase, dropDatabase } from '../../database/databases.ts';
import { withClient } from '../../database/with-client.ts';
import type { FilledDatabase } from './filled-database.ts';

/** The databases that measurements write to. */
export interface RunDatabase {
  orders: number;
  /** Of a database with no job waiting and everything flushed, to measure in once. */
  prepare(): Promise<string>;
  drop(): Promise<void>;
}

/** A copy as small as this is made anew for each measurement; a larger one grows by what the run writes. */
const freshCopyOrders = 100_000;

export function createRunDatabase(serverUrl: string, filled: FilledDatabase): RunDatabase {
  const { orders } = filled;
  const name = `${filled.name}_run`;
  const fresh = orders <= freshCopyOrders;
  let url: string | undefined;
  return {
    orders,
    async prepare() {
      if (url === undefined || fresh) {
        url = await copyDatabase(serverUrl, filled.name, name);
        if (!fresh) await warm(url);
      }
      await withClient(url, async (client) => {
        await client.query('TRUNCATE cashback_jobs.job');
        await client.query('CHECKPOINT');
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
