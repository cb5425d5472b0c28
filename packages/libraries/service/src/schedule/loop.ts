import { withTimeout } from '@cashback/timing';
import { backoffMs } from './backoff.ts';
import type { Log } from '../process/log.ts';
import type { Readiness } from '../process/readiness.ts';

export interface LoopOptions {
  name: string;
  log: Log;
  /** The pause after a turn that found no more to do. */
  interval_ms: number;
  /** Least time between the starts of two turns when the loop is woken again and again. Default 0. */
  min_interval_ms?: number;
  /** One turn; true when there is more to do at once. The signal aborts at `stop()` or when the turn takes too long. */
  run: (signal: AbortSignal) => Promise<boolean | void>;
  turn_timeout_ms?: number;
  stop_timeout_ms?: number;
  /** Where the turns are reported. */
  readiness?: Readiness;
  /** A turn that takes longer than this makes the app not ready. */
  turn_bound_ms?: number;
}

export interface Loop {
  /** Makes the next turn start now, or right after the one that runs; a pause after failures and the least interval are kept. */
  wake(): void;
  /** Starts no further turn and waits for the one that runs, within a bound. */
  stop(): Promise<void>;
}

const MAX_BACKOFF_MS = 30_000;
const LOG_EVERY_MS = 30_000;
const TURN_BOUND_MS = 60_000;

/** Repeats `run`, never two turns at once, whatever it throws, from now until `stop()`. */
export function createLoop(options: LoopOptions): Loop {
  const { name, log, interval_ms, min_interval_ms = 0, run } = options;
  const { turn_timeout_ms = 300_000, stop_timeout_ms = 10_000 } = options;
  const turns = options.readiness?.addLoop(name, options.turn_bound_ms ?? TURN_BOUND_MS);
  const stopping = new AbortController();
  let woken = false;
  let failures = 0;
  let loggedAt = 0;
  let endPause: (() => void) | undefined;

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false;
      const startedAt = performance.now();
      const more = await turn();
      if (failures > 0)
        await pause(
          backoffMs(failures, { base_ms: Math.min(interval_ms, 1_000), max_ms: MAX_BACKOFF_MS }),
          false,
        );
      else if (!more) {
        const early_ms = Math.max(0, startedAt + min_interval_ms - performance.now());
        if (early_ms > 0) await pause(early_ms, false);
        await pause(Math.max(0, interval_ms - early_ms), true);
      }
    }
  }

  async function turn(): Promise<boolean> {
    const slow = new AbortController();
    const timer = setTimeout(() => {
      log.warn({ loop: name, turn_timeout_ms }, 'turn takes too long and is asked to end');
      slow.abort();
    }, turn_timeout_ms);
    turns?.begin();
    let well = true;
    try {
      const more = await run(AbortSignal.any([stopping.signal, slow.signal]));
      if (failures > 0) log.info({ loop: name, failures }, 'loop works again');
      failures = 0;
      return more === true;
    } catch (error) {
      // A turn that fails because of the stop did what the stop asked for.
      well = stopping.signal.aborted;
      if (!well) failed(error);
      return false;
    } finally {
      clearTimeout(timer);
      turns?.end({ well });
    }
  }

  /** The first failure of a row is logged, and then one at most every half minute. */
  function failed(error: unknown): void {
    failures += 1;
    if (failures > 1 && Date.now() - loggedAt < LOG_EVERY_MS) return;
    loggedAt = Date.now();
    log.error({ err: error, loop: name, failures }, 'loop failed and tries again');
  }

  async function pause(ms: number, endsOnWake: boolean): Promise<void> {
    if (stopping.signal.aborted || (endsOnWake && woken)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        if (!endsOnWake && !stopping.signal.aborted) return;
        clearTimeout(timer);
        resolve();
      };
    });
    endPause = undefined;
  }

  const running = loop();
  return {
    wake() {
      woken = true;
      endPause?.();
    },
    async stop() {
      stopping.abort();
      endPause?.();
      await withTimeout(running, stop_timeout_ms, () => {
        log.warn({ loop: name, stop_timeout_ms }, 'turn did not end in time and is left behind');
      });
      turns?.remove();
    },
  };
}
