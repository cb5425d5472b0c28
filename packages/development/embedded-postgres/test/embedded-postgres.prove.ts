import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '../src/index.ts';
import { serverAccount } from '../src/account.ts';
import { type DataPlace, dataPlace } from '../src/data-place.ts';
import { isAlive, waitForEnd } from '../src/processes.ts';
import { readServer, stopLeftoverServer } from '../src/running-server.ts';

const holdServer = fileURLToPath(new URL('fixtures/hold-server.ts', import.meta.url));
const endTimeoutMs = 120_000;
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function newDataDir(mode = 0o755): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'cashback-embedded-'));
  await chmod(parent, mode);
  const place = dataPlace(join(parent, 'data'), serverAccount());
  cleanUps.push(async () => {
    await stopLeftoverServer(place.data);
    for (const path of [parent, ...Object.values(place)]) await rm(path, { recursive: true, force: true });
  });
  return join(parent, 'data');
}

let made: Promise<DataPlace> | undefined;
/** A directory with a database in it. It is made once and copied: most tests are not about that. */
async function makeDataDir(mode?: number): Promise<string> {
  made ??= makeDatabase();
  const from = await made;
  const dataDir = await newDataDir(mode);
  const to = dataPlace(dataDir, serverAccount());
  for (const file of ['data', 'password'] as const) execFileSync('cp', ['-a', from[file], to[file]]);
  return dataDir;
}

async function makeDatabase(): Promise<DataPlace> {
  const data_dir = join(await mkdtemp(join(tmpdir(), 'cashback-embedded-')), 'data');
  await chmod(dirname(data_dir), 0o755);
  await (await startEmbeddedPostgres({ data_dir })).stop();
  return dataPlace(data_dir, serverAccount());
}
afterAll(async () => {
  const place = await made;
  for (const path of Object.values(place ?? {})) await rm(path, { recursive: true, force: true });
  if (place !== undefined) await rm(dirname(place.data), { recursive: true, force: true });
});

async function start(data_dir: string, settings: Record<string, string> = {}) {
  const server = await startEmbeddedPostgres({ data_dir, settings });
  cleanUps.push(() => server.stop());
  return server;
}

async function query(url: string, text: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<string[]>({ text, rowMode: 'array' });
    return rows.flat().map(String);
  } finally {
    await client.end();
  }
}

/** A process of its own that runs a server on `dataDir`. */
async function startInChild(dataDir: string): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [holdServer, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanUps.push(() => child.kill('SIGKILL'));
  for await (const url of createInterface({ input: child.stdout })) return { child, url };
  throw new Error('the child ended before its server was ready');
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function serverPid(dataDir: string): number {
  const server = readServer(dataPlace(dataDir, serverAccount()).data);
  if (server === null) throw new Error(`no server on ${dataDir}`);
  return server.pid;
}

function ps(column: string, pid: number): number {
  return Number(execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }));
}

/** Kills the shell that supervises the server, and its subshell that waits for the pipe to close. */
function killGuards(server: number): void {
  const shell = ps('ppid', server);
  const children = execFileSync('pgrep', ['-P', String(shell)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const guards = [shell, ...children.map(Number).filter((pid) => pid !== server)];
  expect(guards).toHaveLength(2);
  // Both stand still before either ends: the one would see the other's end, and stop the server.
  for (const guard of guards) process.kill(guard, 'SIGSTOP');
  for (const guard of guards) process.kill(guard, 'SIGKILL');
}

test('is durable, reachable only from this machine, and requires the password', async () => {
  const { url } = await start(await newDataDir());
  for (const [setting, value] of Object.entries({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '400',
  })) {
    expect([setting, await query(url, `SHOW ${setting}`)]).toEqual([setting, [value]]);
  }
  const wrong = new URL(url);
  wrong.password = 'wrong';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
});

test('keeps the data and the password from one start to the next', async () => {
  const dataDir = await makeDataDir();
  const first = await start(dataDir);
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();
  await first.stop();
  const second = await start(dataDir);
  expect(await query(second.url, 'SELECT answer FROM kept')).toEqual(['42']);
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
  expect(second.adopted).toBe(false);
  const { password } = dataPlace(dataDir, serverAccount());
  expect((await stat(password)).mode & 0o777).toBe(0o600);
});

test('ends with a process that is killed, keeps what that committed, and starts again', async () => {
  const dataDir = await makeDataDir();
  const { child, url } = await startInChild(dataDir);
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const pid = serverPid(dataDir);
  await kill(child);
  expect(await waitForEnd(pid, endTimeoutMs)).toBe(true);
  const next = await start(dataDir);
  expect(await query(next.url, 'SELECT answer FROM kept')).toEqual(['42']);
});

test('stops a server whose supervisor was killed before it starts its own', async () => {
  const dataDir = await makeDataDir();
  const { child, url } = await startInChild(dataDir);
  await query(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  const pid = serverPid(dataDir);
  killGuards(pid);
  await kill(child);
  expect(isAlive(pid)).toBe(true);
  const next = await start(dataDir);
  expect(next.adopted).toBe(true);
  expect(isAlive(pid)).toBe(false);
  expect(await query(next.url, 'SELECT answer FROM kept')).toEqual(['42']);
});

test('stops its server even when the process between them was killed', async () => {
  const dataDir = await makeDataDir();
  const server = await start(dataDir);
  const pid = serverPid(dataDir);
  killGuards(pid);
  await server.stop();
  expect(isAlive(pid)).toBe(false);
});

test('refuses data that another process runs a server on, and names that process', async () => {
  const dataDir = await makeDataDir();
  const { child, url } = await startInChild(dataDir);
  await expect(start(dataDir)).rejects.toThrow(
    new RegExp(`in use: process ${child.pid} holds it.*DATABASE_URL`),
  );
  expect(await query(url, 'SELECT 1')).toEqual(['1']);
  await kill(child);
  await start(dataDir);
});

test('refuses a second start in the same process, and of several starts at the same time one succeeds', async () => {
  const dataDir = await newDataDir();
  const starts = await Promise.allSettled([start(dataDir), start(dataDir), start(dataDir)]);
  expect(starts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await expect(start(dataDir)).rejects.toThrow(`process ${process.pid} holds it`);
});

test('runs two data directories side by side', async () => {
  const [one, other] = await Promise.all([start(await makeDataDir()), start(await makeDataDir())]);
  await query(one.url, 'CREATE TABLE mine AS SELECT 1 AS number');
  await expect(query(other.url, 'SELECT number FROM mine')).rejects.toThrow('does not exist');
  expect(new URL(one.url).port).not.toBe(new URL(other.url).port);
});

test('keeps data elsewhere when the server may not enter its directory, one place for each', async () => {
  const [one, other] = await Promise.all([start(await newDataDir(0o700)), start(await makeDataDir(0o700))]);
  await query(one.url, 'CREATE TABLE mine AS SELECT 1 AS number');
  await expect(query(other.url, 'SELECT number FROM mine')).rejects.toThrow('does not exist');
});

test('ignores a lock and a pid file that name other processes', async () => {
  const dataDir = await makeDataDir();
  await (await start(dataDir)).stop();
  // Of the server's own account: Postgres takes only such a process for a server.
  const other = spawn('sleep', ['600'], { ...serverAccount(), cwd: '/', stdio: 'ignore' });
  cleanUps.push(() => other.kill('SIGKILL'));
  const place = dataPlace(dataDir, serverAccount());
  await writeFile(place.lock, JSON.stringify({ pid: other.pid, started: 'another time' }));
  await writeFile(join(place.data, 'postmaster.pid'), `${other.pid}\n${place.data}\n`);
  await start(dataDir);
  expect(JSON.parse(await readFile(place.lock, 'utf8'))).toMatchObject({ pid: process.pid });
  expect(isAlive(other.pid ?? 0)).toBe(true);
});

test('is in a process group that a Ctrl-C in the terminal does not reach', async () => {
  const dataDir = await makeDataDir();
  await start(dataDir);
  expect(ps('pgid', serverPid(dataDir))).not.toBe(ps('pgid', process.pid));
});

test('states why the server did not start, and leaves the data unlocked', async () => {
  const dataDir = await makeDataDir();
  await expect(start(dataDir, { shared_buffers: 'plenty' })).rejects.toThrow(
    /did not start:.*invalid value for parameter "shared_buffers"/s,
  );
  await start(dataDir);
});
