import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { WaitTimeoutError, waitUntil, withTimeout } from '@cashback/timing';
import type { Account } from './account.ts';
import { readServer, stopLeftoverServer } from './running-server.ts';
import { serverEnvironment } from './server-environment.ts';

export type ServerProcess = { stop(): Promise<void> };

/** The server ended before it was ready; `log` is the end of its log. */
export class ServerEndedError extends Error {
  readonly log: string;
  constructor(message: string, log: string) {
    super(`${message}\n${log}`);
    this.name = 'ServerEndedError';
    this.log = log;
  }
}

/**
 * The shell between us and the server lives exactly as long as the server:
 *
 *     this process ==pipe==> shell --> postgres
 *
 * Only this process holds the other end of the pipe. When it closes, by `stop` or because this process was killed, the
 * server is shut down: fast first, and immediately after ten seconds, which loses no commit either.
 */
const supervise = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{
  read -r _ <&3
  kill -INT "$server"
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    kill -0 "$server" || exit
  done
  kill -QUIT "$server"
} 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`;
const readyTimeoutMs = 120_000;
const stopTimeoutMs = 45_000;
const pollMs = 10;
const logTailCharacters = 4_000;

/** Starts the server and resolves once it accepts connections. */
export async function startServer(settings: {
  program: string;
  arguments: string[];
  data: string;
  log: string;
  account: Account;
}): Promise<ServerProcess> {
  const child = spawnSupervised(settings);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  await ready(child, settings);
  // The server must not keep this process alive. When this process ends, the pipe closes and the server stops.
  child.unref();
  let stopping: Promise<void> | undefined;
  return { stop: () => (stopping ??= stop(child, ended, settings.data)) };
}

function spawnSupervised(settings: Parameters<typeof startServer>[0]): ChildProcess {
  const log = openSync(settings.log, 'w', 0o600);
  try {
    return spawn('/bin/sh', ['-c', supervise, 'sh', settings.program, ...settings.arguments], {
      ...settings.account,
      cwd: '/',
      env: serverEnvironment,
      stdio: ['pipe', log, log],
      // A process group of its own: Ctrl-C in the terminal reaches us, and we shut it down in order.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

async function ready(child: ChildProcess, { data, log }: { data: string; log: string }): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  const isReady = (): boolean => {
    if (readServer(data)?.status === 'ready') return true;
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new ServerEndedError('the embedded Postgres did not start:', logTail(log));
    }
    return false;
  };
  try {
    await waitUntil('ready', isReady, { timeout_ms: readyTimeoutMs, interval_ms: pollMs });
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
    child.stdin?.destroy();
    throw new ServerEndedError(`the embedded Postgres is ${error.message}:`, logTail(log));
  }
}

async function stop(child: ChildProcess, ended: Promise<void>, data: string): Promise<void> {
  child.ref();
  child.stdin?.destroy();
  await withTimeout(ended, stopTimeoutMs, () => {});
  // Needed only when the shell was killed and could not pass the end of the pipe on.
  await stopLeftoverServer(data);
}

function logTail(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-logTailCharacters);
  } catch {
    return '(no log)';
  }
}
