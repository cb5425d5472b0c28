import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

/** Between two checks, doubled up to the second: many waits at once would keep the machine from what they wait for. */
const INTERVAL_MS = 10;
const MAX_INTERVAL_MS = 50;
/** A bound for a hang, not a measure: two busy cores take long for what a quiet machine does at once. */
const TIMEOUT_MS = 60_000;
/** While the whole machine stands still, no time counts as waited. */
const MAX_COUNTED_MS = 500;
const MAX_SHOWN = 2_000;

interface WaitOptions {
  timeout_ms?: number;
  /** The pause between two checks. It doubles up to `max_interval_ms`, and stays as it is without one. */
  interval_ms?: number;
  max_interval_ms?: number;
}

/** The condition did not hold in time. */
export class WaitTimeoutError extends Error {
  override name = 'WaitTimeoutError';
}

/** True when it holds. Otherwise false, or what is still missing, for the error. */
type Condition = () => boolean | string | Promise<boolean | string>;

/** Resolves once the condition holds. Rejects after `timeout_ms`, and says what was not reached and what was missing. */
export async function waitUntil(
  what: string,
  condition: Condition,
  options: WaitOptions = {},
): Promise<void> {
  const { timeout_ms = TIMEOUT_MS, interval_ms = INTERVAL_MS } = options;
  const { max_interval_ms = options.interval_ms ?? MAX_INTERVAL_MS } = options;
  let waited_ms = 0;
  for (let pause = interval_ms; ; pause = Math.min(2 * pause, max_interval_ms)) {
    const began = performance.now();
    const holds = await condition();
    if (holds === true) return;
    if (waited_ms > timeout_ms) {
      const missing = holds === false ? '' : `: ${holds}`;
      throw new WaitTimeoutError(`not ${what} after ${timeout_ms / 1_000} s${missing}`);
    }
    await sleep(pause);
    waited_ms += Math.min(performance.now() - began, MAX_COUNTED_MS + pause);
  }
}

/**
 * Reads until the value is as expected, and resolves with it; without `isExpected`, until there is one. The last reading
 * is in the error.
 */
export async function readUntil<Value>(
  read: () => Value | Promise<Value>,
  isExpected: (value: Value) => boolean = isThere,
  options: WaitOptions = {},
): Promise<Exclude<Value, undefined | false>> {
  const expected: Value[] = [];
  await waitUntil(
    'as expected',
    async () => {
      const value = await read();
      if (isExpected(value)) expected.push(value);
      return expected.length > 0 || (shown(value) ?? false);
    },
    options,
  );
  return expected[0] as Exclude<Value, undefined | false>;
}

/** Reads until the value equals `expected` in depth. Both are in the error. */
export async function untilEqual<Value>(
  read: () => Value | Promise<Value>,
  expected: NoInfer<Value>,
  options: WaitOptions = {},
): Promise<void> {
  await waitUntil(
    `equal to ${shown(expected)}`,
    async () => {
      const value = await read();
      return isDeepStrictEqual(value, expected) || (shown(value) ?? 'undefined');
    },
    options,
  );
}

function shown(value: unknown): string | undefined {
  return JSON.stringify(value)?.slice(0, MAX_SHOWN);
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== false;
}
