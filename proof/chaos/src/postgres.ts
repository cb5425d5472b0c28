import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@cashback/embedded-postgres';
import pg from 'pg';

/** A Postgres that can be killed and comes back on its data, on another port. */
export interface MortalPostgres {
  url(): string;
  /** Runs a statement as its superuser, past every proxy. Waits for a server that is not there yet. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** SIGKILL of its first process; whoever it leaves behind notices and ends. */
  kill(): Promise<void>;
  /** Starts it again, if it is not running. `moved` hears of its new address first. */
  revive(moved: (url: string) => void): Promise<void>;
  stop(): Promise<void>;
}

const ATTEMPTS = 40;
const RETRY_MS = 250;
/** Little log is kept, so that it fits on a small disk. */
const SETTINGS = { max_wal_size: '64MB', min_wal_size: '32MB' };

export async function startMortalPostgres(data_dir: string): Promise<MortalPostgres> {
  const start = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ data_dir, settings: SETTINGS });
  let running = await start();

  async function once<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    const client = new pg.Client({ connectionString: running.url, application_name: 'chaos' });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end().catch(() => {});
    }
  }

  return {
    url: () => running.url,
    async query(text, values = []) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await once(text, values);
        } catch (error) {
          if (attempt >= ATTEMPTS) throw error;
          await sleep(RETRY_MS);
        }
      }
    },
    async kill() {
      const [row] = await once<{ pid: number }>(
        `SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::integer AS pid`,
        [],
      );
      if (row !== undefined) process.kill(row.pid, 'SIGKILL');
    },
    async revive(moved) {
      const answers = await once('SELECT 1', []).then(
        () => true,
        () => false,
      );
      if (!answers) {
        await running.stop();
        running = await start();
      }
      moved(running.url);
    },
    stop: () => running.stop(),
  };
}
