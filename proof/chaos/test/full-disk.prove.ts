import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KillablePostgres, startKillablePostgres } from '../src/killable-postgres.ts';
import { limitFileSize } from '../src/limit-file-size.ts';
import { mountSmallDisk } from '../src/small-disk.ts';

const GROW = `INSERT INTO grown SELECT repeat('x', 1000) FROM generate_series(1, 20000)`;
const NO_ROOM = /No space left on device|File too large/;
/** The write's own error, or the end of a server that could not write its log. */
const NO_ROOM_ANSWER = /No space left on device|File too large|terminat|connection|recovery|ECONNREFUSED/i;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'cashback-full-disk-'));
  chmodSync(folder, 0o711);
  mkdirSync(path.join(folder, 'logs'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function start(data: string): Promise<KillablePostgres> {
  const postgres = await startKillablePostgres(data, path.join(folder, 'logs', 'postgres.log'));
  await postgres.query('CREATE TABLE grown (text text)');
  return postgres;
}

/** The write fails, its rows are not there, and after `free` it works. */
async function expectFull(postgres: KillablePostgres, disk: { fill(): void; free(): void }): Promise<void> {
  const failed = postgres.countLogged(NO_ROOM);
  disk.fill();
  await expect(postgres.query(GROW, [], { down_ms: 0 })).rejects.toThrow(NO_ROOM_ANSWER);
  expect(failed()).toBeGreaterThan(0);
  disk.free();
  await postgres.revive(() => {});
  expect(await postgres.query('SELECT count(*)::int FROM grown')).toEqual([{ count: 0 }]);
  await postgres.query(GROW);
  expect(await postgres.query('SELECT count(*)::int FROM grown')).toEqual([{ count: 20_000 }]);
}

test('on a small file system that is full no write of Postgres succeeds, and what was committed stays', async (context) => {
  const mounted = mountSmallDisk(path.join(folder, 'disk'));
  if ('skipped' in mounted) return context.skip(mounted.skipped);
  using disk = mounted.disk;
  await using postgres = await start(path.join(disk.folder, 'postgres'));
  expect(postgres.data_dir).toBe(path.join(disk.folder, 'postgres'));
  await expectFull(postgres, disk);
});

test('a limit on the size of files stands for a full disk where none can be mounted', async (context) => {
  await using postgres = await start(path.join(folder, 'postgres'));
  const limited = limitFileSize(postgres);
  if ('skipped' in limited) return context.skip(limited.skipped);
  await expectFull(postgres, limited.disk);
});
