import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CALLBACK_SECRET, type Harness } from './harness.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface WorkerProcess {
  process: ChildProcess;
  /** Its log lines. */
  log: () => string;
  ended: Promise<{ code: number | null; signal: string | null }>;
}

/** A worker as it is deployed, in a process of its own; resolves when it is ready. */
export async function startWorkerProcess(
  { test_database, outside }: Harness,
  env: NodeJS.ProcessEnv = {},
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      DATABASE_URL: test_database.url,
      PORT: '0',
      TRANSACTIONS_URL: outside.url,
      TRANSACTIONS_TOKEN: 'token-of-the-worker',
      OPERATION_CALLBACK_SECRET: CALLBACK_SECRET,
      TRANSACTIONS_TIMEOUT_MS: '20000',
      QUEUE_POLL_MS: '500',
      POLL_INTERVAL_MS: '20',
      POLL_BASE_MS: '50',
      POLL_MAX_MS: '400',
      POLL_LEASE_MS: '1000',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let log = '';
  child.stdout?.on('data', (chunk) => (log += chunk));
  child.stderr?.on('data', (chunk) => (log += chunk));
  const ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const ready = await Promise.race([once(child, 'message'), ended.then(() => null)]);
  if (ready === null) throw new Error(`the worker did not start: ${log}`);
  return { process: child, log: () => log, ended };
}
