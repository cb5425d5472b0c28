import { setTimeout as delay } from 'node:timers/promises';

/**
 * Settles as `work` does, or rejects with `message` when that takes longer than the timeout. The work itself goes on:
 * the caller ends the connection that it waits for.
 */
export async function rejectAfter<Result>(
  work: Promise<Result>,
  timeoutMs: number,
  message: string,
): Promise<Result> {
  const settled = new AbortController();
  const timeout = delay(timeoutMs, undefined, { signal: settled.signal }).then(
    () => Promise.reject(new Error(message)),
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([work, timeout]);
  } finally {
    settled.abort();
    // After a timeout the work fails with its connection; that error has no reader.
    work.catch(() => {});
  }
}
