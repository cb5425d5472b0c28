import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 1_000;

/** Repeats a call while the other side is busy: for as long as `isBusy` takes its error, and at most `busy_ms`. */
export async function untilNotBusy<Output>(
  call: () => Promise<Output>,
  { isBusy, busy_ms }: { isBusy: (error: unknown) => boolean; busy_ms: number },
): Promise<Output> {
  const end = Date.now() + busy_ms;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isBusy(error) || Date.now() >= end) throw error;
    }
    await delay(PAUSE_MS);
  }
}
