import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 15;
/** A machine that stood still between two looks has not kept anybody waiting. */
const MOST_BETWEEN_LOOKS_MS = 500;

/** `look` returns what is still missing, or null. Rejects after so long. */
export async function until(
  what: string,
  patience_ms: number,
  look: () => Promise<string | null>,
): Promise<void> {
  let waited = 0;
  for (;;) {
    const started = performance.now();
    const missing = await look();
    if (missing === null) return;
    if (waited > patience_ms) throw new Error(`not ${what} after ${patience_ms / 1_000} s: ${missing}`);
    await sleep(LOOK_EVERY_MS);
    waited += Math.min(performance.now() - started, MOST_BETWEEN_LOOKS_MS);
  }
}
