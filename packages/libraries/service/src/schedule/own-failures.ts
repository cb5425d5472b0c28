/**
 * Distinguishes the failures of one item from those of a whole side. A failure is the item's own when, since its last one, more
 * attempts at other items succeeded than failed: a side that is down, or fails now and then, does so for all alike.
 */
export interface OwnFailures {
  /** The same attempt at this item succeeded, or failed in a way that says that the side works. */
  succeeded(key: string): void;
  failed(key: string): OwnFailure;
  /** Its next failure is the first one. */
  forget(key: string): void;
}

export interface OwnFailure {
  is_own: boolean;
  /** For how long the failures in a row have been the item's own. Time in which nothing says so does not count. */
  own_ms: number;
}

export interface OwnFailuresOptions {
  /** The time between two failures counts for no more than this. */
  max_pause_ms: number;
  /** Items that fail. The one that failed longest ago is forgotten for a further one. */
  max_items?: number;
  /** A clock that only moves forward, in ms. */
  now?: () => number;
}

interface Failing {
  at: number;
  own_ms: number;
  /** The counts when it failed last. */
  succeeded: number;
  failed: number;
}

/** In memory only: a restart begins to count again, which delays what is concluded from it. */
export function createOwnFailures({
  max_pause_ms,
  max_items = 10_000,
  now = () => performance.now(),
}: OwnFailuresOptions): OwnFailures {
  const failing = new Map<string, Failing>();
  let succeeded = 0;
  let failed = 0;

  return {
    succeeded(key) {
      failing.delete(key);
      succeeded += 1;
    },
    failed(key) {
      const before = failing.get(key);
      const isOwn = before !== undefined && succeeded - before.succeeded > failed - before.failed;
      // A failure of its own says nothing about the side.
      if (!isOwn) failed += 1;
      const at = now();
      const pause_ms = before === undefined || !isOwn ? 0 : Math.min(at - before.at, max_pause_ms);
      const own_ms = (before?.own_ms ?? 0) + pause_ms;
      // Behind the others, so that the first one is always the one that failed longest ago.
      failing.delete(key);
      failing.set(key, { at, own_ms, succeeded, failed });
      const [oldest] = failing.keys();
      if (failing.size > max_items && oldest !== undefined) failing.delete(oldest);
      return { is_own: isOwn, own_ms };
    },
    forget: (key) => void failing.delete(key),
  };
}
