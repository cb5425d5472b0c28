import { withTimeout } from '@cashback/timing';
import PQueue from 'p-queue';
import { backoffMs } from '../schedule/backoff.ts';
import type { Callback } from './callback-sender.ts';
import type { Log } from '../process/log.ts';
import type { Readiness } from '../process/readiness.ts';
import { createLoop } from '../schedule/loop.ts';

/** Collects a stream of rows into fewer claims. */
const MIN_INTERVAL_MS = 20;

/** A row of an app's outbox that is due. */
export interface OutboxCallback extends Callback {
  /** How often it was tried before. */
  attempts: number;
}

export interface OutboxRetry {
  attempts: number;
  error: string;
  /** When to try again, from now. */
  retry_in_ms: number;
}

export interface OutboxOptions {
  log: Log;
  /** How many callbacks are sent at once. */
  concurrency: number;
  /** How many callbacks are claimed and not finished, at most. */
  batch_size: number;
  interval_ms: number;
  /**
   * Returns rows that are due and, in the same transaction, makes them due again only after a lease, so that
   * neither this outbox nor another process takes them meanwhile, and a crash loses none.
   */
  claim: (limit: number) => Promise<OutboxCallback[]>;
  delivered: (ids: string[]) => Promise<void>;
  retry: (id: string, outcome: OutboxRetry) => Promise<void>;
  /** Rejects when the callback was not accepted; has a timeout of its own. */
  send: (callback: OutboxCallback) => Promise<void>;
  backoff?: { base_ms: number; max_ms: number };
  stop_timeout_ms?: number;
  /** Names its loop there; default `outbox`. */
  name?: string;
  readiness?: Readiness;
}

export interface Outbox {
  /** There is a new row: read it now. */
  wake(): void;
  /** Claims no more, and waits within a bound for what is being sent; the rest is due again after its lease. */
  stop(): Promise<void>;
}

/**
 * Delivers every row of an outbox at least once. The life of a row:
 *
 *   written by the app's transaction -> due -> claimed: due again after its lease -> sent -> delivered
 *                                        ^                                            |
 *                                        +------------ backoff, when not accepted ----+
 *
 * Results are written as they arrive, a group at a time, so that a
 * receiver that is slow does not hold up the record of the others.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { log, batch_size, claim, delivered, retry, send, stop_timeout_ms = 10_000 } = options;
  const backoff = options.backoff ?? { base_ms: 1_000, max_ms: 300_000 };
  const queue = new PQueue({ concurrency: options.concurrency });
  const sending = new Set<string>();
  /** Claimed, and their results not yet written. */
  let unfinished = 0;
  let finished: { callback: OutboxCallback; error?: unknown }[] = [];
  let recording: Promise<void> | undefined;
  let wasFull = false;

  const loop = createLoop({
    name: options.name ?? 'outbox',
    ...(options.readiness === undefined ? {} : { readiness: options.readiness }),
    log,
    interval_ms: options.interval_ms,
    min_interval_ms: MIN_INTERVAL_MS,
    stop_timeout_ms,
    run: async (signal) => {
      const limit = batch_size - unfinished;
      if (limit <= 0) return false;
      const claimed = await claim(limit);
      wasFull = claimed.length >= limit;
      if (signal.aborted) return false;
      for (const callback of claimed) {
        // A lease that ran out while its callback is still being sent.
        if (sending.has(callback.id)) continue;
        sending.add(callback.id);
        unfinished += 1;
        void queue.add(() => deliver(callback));
      }
      return false;
    },
  });

  async function deliver(callback: OutboxCallback): Promise<void> {
    try {
      await send(callback);
      finished.push({ callback });
    } catch (error) {
      finished.push({ callback, error });
    }
    // From the moment its result is written the row may be claimed again.
    sending.delete(callback.id);
    recording ??= record();
  }

  async function record(): Promise<void> {
    while (finished.length > 0) {
      const group = finished;
      finished = [];
      await Promise.all([recordDelivered(group), recordFailed(group)]).catch((error: unknown) => {
        // The lease runs out and the callback is sent again, which its receiver must expect anyway.
        log.error({ err: error, callbacks: group.length }, 'results of callbacks could not be written');
      });
      unfinished -= group.length;
      if (wasFull) loop.wake();
    }
    // Synchronously with the last check of `finished`, so that no result falls between two recordings.
    recording = undefined;
  }

  async function recordDelivered(group: typeof finished): Promise<void> {
    const ids = group.filter((one) => !('error' in one)).map(({ callback }) => callback.id);
    if (ids.length > 0) await delivered(ids);
  }

  async function recordFailed(group: typeof finished): Promise<void> {
    for (const { callback, error } of group.filter((one) => 'error' in one)) {
      const attempts = callback.attempts + 1;
      const message = error instanceof Error ? error.message : String(error);
      const retry_in_ms = backoffMs(attempts, backoff);
      log.warn(
        { callback: callback.id, attempts, retry_in_ms, error: message },
        'callback was not delivered',
      );
      await retry(callback.id, { attempts, error: message, retry_in_ms });
    }
  }

  return {
    wake: () => loop.wake(),
    async stop() {
      queue.pause();
      await loop.stop();
      queue.clear();
      const finishing = queue.onIdle().then(() => recording);
      await withTimeout(finishing, stop_timeout_ms, () => {
        log.warn({ callbacks: unfinished }, 'callbacks were not finished in time and are left behind');
      });
    },
  };
}
