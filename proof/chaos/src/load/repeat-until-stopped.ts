import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 500;

/** Repeats a read while faults happen. The returned function ends it, and resolves once the last read has ended. */
export function repeatUntilStopped(read: () => Promise<void>): () => Promise<void> {
  const stopping = new AbortController();
  async function repeat(): Promise<void> {
    while (!stopping.signal.aborted) {
      // A fault of Postgres is no answer. The next turn reads again.
      await read().catch(() => {});
      await sleep(EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }
  const ended = repeat();
  return async () => {
    stopping.abort();
    await ended;
  };
}
