import { rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { waitForDatabase } from '@cashback/postgres';
import { withClient } from './with-client.ts';

export interface BenchPostgres {
  /** The URL of a login that may create databases. */
  url: string;
  embedded: boolean;
  stop(): Promise<void>;
}

const dataFolder = fileURLToPath(new URL('../../../.data/bench', import.meta.url));
const waitMs = 15_000;
const mebibyte = 2 ** 20;

interface OpenOptions {
  url: string | undefined;
  /** The name of the embedded server's folder, so that no other benchmark uses kept data. */
  name: string;
  keep: boolean;
}

/** The Postgres at `url`, or an embedded one, whose data is removed when it stops unless `keep` is set. */
export async function openPostgres({ url, name, keep }: OpenOptions): Promise<BenchPostgres> {
  if (url !== undefined) {
    await waitForDatabase({ url, timeout_ms: waitMs });
    return { url, embedded: false, stop: async () => {} };
  }
  const embedded = await startEmbeddedPostgres({
    data_dir: path.join(dataFolder, keep ? name : `${name}-once`),
    settings: productionSettings(),
  });
  const directory = await dataDirectory(embedded.url);
  return {
    url: embedded.url,
    embedded: true,
    stop: async () => {
      await embedded.stop();
      if (keep) return;
      for (const file of [directory, `${directory}.password`, `${directory}.log`]) {
        rmSync(file, { recursive: true, force: true });
      }
    },
  };
}

/** May differ from the requested one, because Postgres may run as an account without access to it. */
async function dataDirectory(url: string): Promise<string> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ directory: string }>("SELECT current_setting('data_directory') AS directory"),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('Postgres does not report its data directory');
  return row.directory;
}

/**
 * Usual settings of a machine for a database. Durability stays at Postgres's defaults; checkpoints happen by size
 * and time as in production, not every few seconds.
 */
function productionSettings(): Record<string, string> {
  const quarter = Math.floor(totalmem() / mebibyte / 4);
  return {
    shared_buffers: `${Math.min(quarter, 8_192)}MB`,
    max_wal_size: '16GB',
    checkpoint_timeout: '30min',
  };
}

/** The logs of the processes that a run starts. */
export const logFolder = path.join(dataFolder, 'logs');
