import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 120_000;

export interface AppProcess {
  url: string;
  /** SIGKILL: nothing in it gets to run again. */
  kill(): void;
  ended: Promise<unknown>;
}

/** The app as a process of its own. */
export async function startProcess(environment: Record<string, string>): Promise<AppProcess> {
  const child: ChildProcess = spawn(process.execPath, [MAIN], {
    env: { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment, LOG_LEVEL: 'fatal' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const started = once(child, 'message', { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
  const [message] = (await Promise.race([
    started,
    ended.then(() => {
      throw new Error('the process ended before it was ready');
    }),
  ])) as [{ url: string }];
  return { url: message.url, kill: () => void child.kill('SIGKILL'), ended };
}
