import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { root } from './root.ts';

/** As long as a slow machine needs. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;
const TICK_MS = 250;
const LOG_TAIL_LINES = 12;

/** One app as a process of its own. Its output is appended to `log_file`. */
export interface AppProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** The address that it listens on. */
  readonly url: string;
  /** SIGTERM; SIGKILL when it still runs after a bound. */
  stop(): Promise<void>;
  /** SIGKILL: no code of it runs after this. */
  kill(): Promise<void>;
  /** True once it has ended without `stop` or `kill`. */
  crashed(): boolean;
}

interface StartOptions {
  name: string;
  main: string;
  env: Record<string, string>;
  log_file: string;
}

/** Code that Node has compiled once: an app starts in two thirds of the time with it. */
const compileCache = path.join(root, 'node_modules', '.cache', 'node-compile');

/**
 * Resolves when the app reports that it is ready, which it does over the IPC channel. The app also ends when that
 * channel closes, so none outlives this process.
 */
export async function startProcess(options: StartOptions): Promise<AppProcess> {
  const { name, main, env, log_file } = options;
  const log = openSync(log_file, 'a');
  // A group of its own: a Ctrl-C in the terminal reaches only us, and we stop the apps in order.
  const child = spawn(process.execPath, [main, '--json'], {
    env: { NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  let stopping = false;
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;

  async function ended(): Promise<void> {
    if (hasEnded()) return;
    const timeout = runningTimeout(STOP_TIMEOUT_MS);
    await once(child, 'exit', { signal: timeout.signal }).finally(timeout.clear);
  }

  async function kill(): Promise<void> {
    stopping = true;
    child.kill('SIGKILL');
    await ended();
  }

  async function stop(): Promise<void> {
    stopping = true;
    child.kill('SIGTERM');
    await ended().catch(kill);
  }

  const url = await ready(child, options);
  return {
    name,
    pid: child.pid ?? 0,
    url,
    crashed: () => !stopping && hasEnded(),
    stop,
    kill,
    [Symbol.asyncDispose]: stop,
  };
}

async function ready(child: ChildProcess, { name, env, log_file }: StartOptions): Promise<string> {
  const timeout = runningTimeout(START_TIMEOUT_MS);
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal: timeout.signal }),
      once(child, 'exit', { signal: timeout.signal }).then(() => {
        throw new Error(`${name} ended before it was ready; the end of ${log_file}:\n${tail(log_file)}`);
      }),
    ]);
    return (message as { url?: string }).url ?? '';
  } catch (error) {
    child.kill('SIGKILL');
    if (!timeout.signal.aborted) throw error;
    const health = env['PORT'] === undefined ? '' : ` (http://127.0.0.1:${env['PORT']}/health)`;
    throw new Error(
      `${name}${health} was not ready after ${START_TIMEOUT_MS / 1000} s; the end of ${log_file}:\n${tail(log_file)}`,
      { cause: error },
    );
  } finally {
    timeout.clear();
  }
}

/** Aborts after this time in which our process ran. While the whole machine stands still, no time counts. */
function runningTimeout(ms: number): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  let left = ms;
  const timer = setInterval(() => {
    left -= TICK_MS;
    if (left <= 0) controller.abort(new Error(`not within ${ms} ms`));
  }, TICK_MS);
  return { signal: controller.signal, clear: () => clearInterval(timer) };
}

function tail(file: string): string {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines
    .slice(-LOG_TAIL_LINES)
    .map((line) => `  ${line}`)
    .join('\n');
}
