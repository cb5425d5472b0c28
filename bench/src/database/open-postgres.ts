import { rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '@cashback/embedded-postgres';
import { waitForDatabase } from '@cashback/postgres';
import { withClient } from './with-client.ts';

export interface BenchPostgres {
  /** Of a login that may create databases. */
  url: string;
  embedded: boolean;
  stop(): Promise<void>;
}

const dataFolder = fileURLToPath(new URL('../../../.data/bench', import.meta.url));
const waitMs = 15_000;
const mebibyte = 2 ** 20;

interface OpenOptions {
  url: string | undefined;
  /** Of the embedded one's folder: data that is kept is nobody else's. */
  name: string;
  keep: boolean;
}

/** The Postgres at `url`, or an embedded one, whose data is removed at its stop unless it is to be kept. */
export async function openPostgres({ url, name, keep }: OpenOptions): Promise<BenchPostgres> {
  if (url !== undefined) {
    await waitForDatabase({ url, timeout_ms: waitMs });
    return { url, embedded: false, stop: async () => {} };
  }
  const embedded = await startEmbeddedPostgres({
    data_dir: path.join(dataFolder, keep ? name : `${name}-once`),
    settings: productionSettings(),
  });
  const place = await dataDirectory(embedded.url);
  return {
    url: embedded.url,
    embedded: true,
    stop: async () => {
      await embedded.stop();
      if (keep) return;
      for (const file of [place, `${place}.password`, `${place}.log`]) {
        rmSync(file, { recursive: true, force: true });
      }
    },
  };
}

/** Not always where it was asked for: Postgres may run as an account that cannot get there. */
async function dataDirectory(url: string): Promise<string> {
  const { rows } = await withClient(url, (client) =>
    client.query<{ place: string }>("SELECT current_setting('data_directory') AS place"),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('Postgres does not say where its data is');
  return row.place;
}

/**
 * What a machine for a database is usually given. Durability stays at Postgres's defaults; checkpoints come by size
 * and time as they would, only not every few seconds.
 */
function productionSettings(): Record<string, string> {
  const quarter = Math.floor(totalmem() / mebibyte / 4);
  return {
    shared_buffers: `${Math.min(quarter, 8_192)}MB`,
    max_wal_size: '16GB',
    checkpoint_timeout: '30min',
  };
}

/** Where a run leaves the logs of what it starts. */
export const logFolder = path.join(dataFolder, 'logs');
