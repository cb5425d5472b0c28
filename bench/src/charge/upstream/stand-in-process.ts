import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Upstream } from './start-upstream.ts';

const main = fileURLToPath(new URL('./stand-in-main.ts', import.meta.url));
const startTimeoutMs = 30_000;

/** A stand-in for `transactions` in a process of its own, which sends the worker callbacks of ended operations. */
export async function startStandInProcess(callbacks: { url: string; secret: string }): Promise<Upstream> {
  const child = fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const stop = async (): Promise<void> => void child.kill('SIGKILL');
  try {
    child.send(callbacks);
    const [{ url }] = (await once(child, 'message', { signal: AbortSignal.timeout(startTimeoutMs) })) as [
      { url: string },
    ];
    return { url, token: 'token-of-the-bench', pids: [child.pid ?? 0], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
