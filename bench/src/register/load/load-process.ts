import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadCommand, LoadPlan, LoadResult, Window } from './messages.ts';

export interface LoadProcess {
  pid: number;
  end(window: Window): Promise<LoadResult>;
  kill(): void;
}

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const endTimeoutMs = 60_000;

/** Starts a process that begins calling at once. */
export function startLoadProcess(plan: LoadPlan): LoadProcess {
  const child = fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const send = (command: LoadCommand): boolean => child.send(command);
  const crashed = once(child, 'exit').then(([code]) => {
    throw new Error(`the load process ended early, with ${code}`);
  });
  // Only `end` handles it.
  crashed.catch(() => {});
  send({ plan });
  return {
    pid: child.pid ?? 0,
    async end(window) {
      const signal = AbortSignal.timeout(endTimeoutMs);
      const answered = once(child, 'message', { signal });
      send({ end: window });
      const [result] = await Promise.race([answered, crashed]);
      child.disconnect();
      return result as LoadResult;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
