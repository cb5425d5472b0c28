import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type EmbeddedPostgres, isAlive, startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { WaitTimeoutError, readUntil, waitUntil } from '@cashback/timing';
import pg from 'pg';
import { countLines } from './count-lines.ts';

/** A Postgres that can be killed and comes back on its data, on another port. */
export interface KillablePostgres extends AsyncDisposable {
  url(): string;
  data_dir: string;
  log_file: string;
  /** Of the postmaster; null while there is none. */
  pid(): number | null;
  /** Counts the lines of its log from now on that the pattern matches, until a new server begins a new log. */
  countLogged(pattern: RegExp): () => number;
  /** Runs a statement as the superuser, around every proxy. Retries while the server is down. */
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    options?: { down_ms?: number },
  ): Promise<Row[]>;
  /** SIGKILL of the postmaster; its child processes notice and end. Resolves with whether it ran, and ended. */
  kill(): Promise<boolean>;
  /** Starts it again if it is down, and calls `moved` with its address. */
  revive(moved: (url: string) => void): Promise<void>;
}

/** Longer than a start after a kill. */
const DOWN_MS = 60_000;
const RETRY_MS = 250;
/** A small write-ahead log fits on a small disk. */
export const SETTINGS = {
  max_wal_size: '64MB',
  min_wal_size: '32MB',
  // With the application and the SQLSTATE.
  log_line_prefix: '%m [%p] %a %e ',
};
const KILL_TIMEOUT_MS = 30_000;

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

export async function startKillablePostgres(
  asked: string,
  log_file = `${asked}.log`,
): Promise<KillablePostgres> {
  const start = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ data_dir: asked, log_file, settings: SETTINGS });
  let running = await start();
  const { data_dir } = running;

  const once = <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<Row[]> =>
    withClient(running.url, async (client) => (await client.query<Row>(text, [...values])).rows);
  const pid = (): number | null => readPid(path.join(data_dir, 'postmaster.pid'));

  return {
    url: () => running.url,
    data_dir,
    log_file,
    pid,
    countLogged: (pattern) => countLines(log_file, (line) => pattern.test(line)),
    async query<Row extends pg.QueryResultRow>(
      text: string,
      values: readonly unknown[] = [],
      { down_ms = DOWN_MS } = {},
    ): Promise<Row[]> {
      let failure: unknown;
      const attempt = (): Promise<Row[] | undefined> =>
        once<Row>(text, values).catch((error: unknown) => {
          failure = error;
          return undefined;
        });
      return readUntil(attempt, undefined, { timeout_ms: down_ms, interval_ms: RETRY_MS }).catch(
        (error: unknown) => {
          throw error instanceof WaitTimeoutError ? failure : error;
        },
      );
    },
    async kill() {
      const killed = pid();
      if (killed === null || !isAlive(killed)) return false;
      process.kill(killed, 'SIGKILL');
      await waitUntil('killed', () => !isAlive(killed), { timeout_ms: KILL_TIMEOUT_MS, interval_ms: 10 });
      return true;
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

function readPid(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    return pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
