import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 15;
const TIMEOUT_MS = 30_000;
/** While the whole machine stands still, no time counts as waited. */
const MAX_COUNTED_MS = 500;

/** True when it holds. Otherwise false, or what is still missing, for the error. */
type Condition = () => boolean | string | Promise<boolean | string>;

/** Resolves once the condition holds. Rejects after `timeout_ms`, and says what was not reached and what was missing. */
export async function waitUntil(
  what: string,
  condition: Condition,
  { timeout_ms = TIMEOUT_MS, interval_ms = INTERVAL_MS }: { timeout_ms?: number; interval_ms?: number } = {},
): Promise<void> {
  let waited_ms = 0;
  for (;;) {
    const began = performance.now();
    const holds = await condition();
    if (holds === true) return;
    if (waited_ms > timeout_ms) {
      const missing = holds === false ? '' : `: ${holds}`;
      throw new Error(`not ${what} after ${timeout_ms / 1_000} s${missing}`);
    }
    await sleep(interval_ms);
    waited_ms += Math.min(performance.now() - began, MAX_COUNTED_MS + interval_ms);
  }
}
