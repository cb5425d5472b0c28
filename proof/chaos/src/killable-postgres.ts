import { setTimeout as sleep } from 'node:timers/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@cashback/embedded-postgres';
import pg from 'pg';

/** A Postgres that can be killed and comes back on its data, on another port. */
export interface KillablePostgres extends AsyncDisposable {
  url(): string;
  /** Runs a statement as the superuser, around every proxy. Retries while the server is down. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** SIGKILL of the postmaster; its child processes notice and end. */
  kill(): Promise<void>;
  /** Starts it again if it is down, and calls `moved` with its address. */
  revive(moved: (url: string) => void): Promise<void>;
}

const ATTEMPTS = 40;
const RETRY_MS = 250;
/** A small write-ahead log fits on a small disk. */
export const SETTINGS = { max_wal_size: '64MB', min_wal_size: '32MB' };

/** A connection of the superuser, around every proxy. */
export async function withClient<Result>(
  url: string,
  use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, application_name: 'chaos' });
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}

export async function startKillablePostgres(data_dir: string): Promise<KillablePostgres> {
  const start = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ data_dir, settings: SETTINGS });
  let running = await start();

  const once = <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> =>
    withClient(running.url, async (client) => (await client.query<Row>(text, [...values])).rows);

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
    [Symbol.asyncDispose]: () => running.stop(),
  };
}
