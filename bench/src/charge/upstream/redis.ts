import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withTimeout } from '@cashback/timing';
import { freePort } from '@cashback/system/free-ports';
import { Redis } from 'ioredis';
import { searchPath } from '../../env.ts';

export interface BenchRedis {
  url: string;
  version: string;
  /** CPU time of the server in microseconds since it started. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

const startTimeoutMs = 5_000;
const pauseMs = 20;

/** The Redis at `url`, or one that is started from the search path `programs`; null when there is neither. */
export async function openRedis(
  url: string | undefined,
  programs: string = searchPath,
): Promise<BenchRedis | null> {
  if (url !== undefined) return connect(url, async () => {});
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'cashback-bench-redis-'));
  // A log of every write, flushed each second: the durability that Redis recommends.
  const settings = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
  const child = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, ...settings],
    {
      stdio: 'ignore',
      env: { PATH: programs },
    },
  );
  // `once` rejects on an `error` event: the program is not installed.
  const started = await once(child, 'spawn').then(
    () => true,
    () => false,
  );
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  if (!started) {
    removeFolder();
    return null;
  }
  return connect(`redis://127.0.0.1:${port}`, async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    removeFolder();
  });
}

async function connect(url: string, end: () => Promise<void>): Promise<BenchRedis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => pauseMs,
  });
  redis.on('error', () => {}); // the caller that waits for an answer gets the error
  const stop = async (): Promise<void> => {
    redis.disconnect();
    await end();
  };
  try {
    const answered = redis
      .connect()
      .catch(() => {})
      .then(() => redis.ping());
    await withTimeout(answered, startTimeoutMs, () => {
      throw new Error(`no Redis answers at ${url} within ${startTimeoutMs} ms`);
    });
    return {
      url,
      version: /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? '',
      async cpu() {
        const info = await redis.info('cpu');
        const seconds = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]);
        return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1e6;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
