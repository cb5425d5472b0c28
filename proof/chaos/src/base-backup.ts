import { execFile } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { withClient } from './killable-postgres.ts';

/** A copy of the data folder of a server that ran meanwhile, as `pg_basebackup` makes it. A server can start on it. */
export interface BaseBackup {
  folder: string;
  /** All that was committed before it is in the backup. */
  taken_at: Date;
  remove(): void;
}

const run = promisify(execFile);
/** Of one server, or copied at the end of the backup. */
const NOT_COPIED = new Set(['postmaster.pid', 'postmaster.opts', 'pg_wal', 'pg_replslot']);

/** The folder stands beside the data, where the account of Postgres may enter. */
export function takeBaseBackup(url: string, name: string): Promise<BaseBackup> {
  return withClient(url, async (client) => {
    const data = await readSetting(client, 'data_directory');
    const folder = `${data}.${name}`;
    const remove = (): void => {
      for (const place of [folder, `${folder}.password`]) rmSync(place, { recursive: true, force: true });
    };
    remove();
    const { uid, gid } = statSync(data);
    await using undo = new AsyncDisposableStack();
    undo.defer(remove);
    for (const made of [folder, path.join(folder, 'pg_replslot')]) {
      mkdirSync(made, { mode: 0o700 });
      chownSync(made, uid, gid);
    }
    const taken_at = new Date();
    // Until this session ends, no log that the backup needs is removed.
    await client.query('SELECT pg_create_physical_replication_slot($1, true, true)', [
      `chaos_${process.pid}`,
    ]);
    await client.query("SELECT pg_backup_start('chaos', true)");
    const files = readdirSync(data).filter((file) => !NOT_COPIED.has(file));
    await copy(
      files.map((file) => path.join(data, file)),
      folder,
    );
    const { rows } = await client.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)',
    );
    const label = path.join(folder, 'backup_label');
    writeFileSync(label, rows[0]?.labelfile ?? '');
    chownSync(label, uid, gid);
    await copy([path.join(data, 'pg_wal')], folder);
    await copy([`${data}.password`], `${folder}.password`);
    undo.move();
    return { folder, taken_at, remove };
  });
}

/** Files that end meanwhile may be missing: the log has what happened to them. */
async function copy(files: readonly string[], to: string): Promise<void> {
  try {
    await run('cp', ['-a', ...files, to], { env: { LC_ALL: 'C' } });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    const lines = stderr.trim().split('\n');
    if (!lines.every((line) => line.endsWith('No such file or directory'))) throw error;
  }
}

async function readSetting(client: pg.Client, name: string): Promise<string> {
  const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
  return rows[0]?.value ?? '';
}
