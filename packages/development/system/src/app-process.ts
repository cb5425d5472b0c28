import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;
const TICK_MS = 250;
const LOG_TAIL_LINES = 12;

/** One app as a process of its own. Its output goes to `log_file`, added at the end. */
export interface AppProcess {
  readonly name: string;
  readonly pid: number;
  /** Where it says that it listens. */
  readonly url: string;
  /** Asks it to stop and waits; ends it after a bound. */
  stop(): Promise<void>;
  /** SIGKILL: nothing in it gets to run again. */
  kill(): Promise<void>;
  /** True after an end that nobody here asked for. */
  crashed(): boolean;
}

interface StartOptions {
  name: string;
  main: string;
  env: Record<string, string>;
  log_file: string;
}

/** Resolves when the app says that it is ready; rejects with the end of its log when it ends before. */
export async function startProcess(options: StartOptions): Promise<AppProcess> {
  const { name, main, env, log_file } = options;
  const log = openSync(log_file, 'a');
  // A group of its own: a Ctrl-C in the terminal reaches only us, and we stop the apps in order.
  const child = spawn(process.execPath, [main, '--json'], {
    env,
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  let wanted = false;

  const ended = async (timeout_ms: number): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timeout = runningTime(timeout_ms);
    await once(child, 'exit', { signal: timeout.signal }).finally(timeout.clear);
  };

  const url = await ready(child, name, log_file);
  return {
    name,
    pid: child.pid ?? 0,
    url,
    crashed: () => !wanted && (child.exitCode !== null || child.signalCode !== null),
    async stop() {
      wanted = true;
      child.kill('SIGTERM');
      await ended(STOP_TIMEOUT_MS).catch(() => {
        child.kill('SIGKILL');
        return ended(STOP_TIMEOUT_MS);
      });
    },
    async kill() {
      wanted = true;
      child.kill('SIGKILL');
      await ended(STOP_TIMEOUT_MS);
    },
  };
}

async function ready(child: ChildProcess, name: string, log_file: string): Promise<string> {
  const running = runningTime(START_TIMEOUT_MS);
  const timeout = running.signal;
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal: timeout }),
      once(child, 'exit', { signal: timeout }).then(() => {
        throw new Error(`${name} ended before it was ready:\n${tail(log_file)}`);
      }),
    ]);
    return (message as { url?: string }).url ?? '';
  } catch (error) {
    child.kill('SIGKILL');
    if (!timeout.aborted) throw error;
    throw new Error(
      `${name} was not ready after ${START_TIMEOUT_MS / 1000} s; the end of ${log_file}:\n${tail(log_file)}`,
      { cause: error },
    );
  } finally {
    running.clear();
  }
}

/** Aborts after a time in which this process ran: while the whole machine stands still nobody is late. */
function runningTime(ms: number): { signal: AbortSignal; clear(): void } {
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
