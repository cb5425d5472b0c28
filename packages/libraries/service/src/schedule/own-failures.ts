/**
 * Distinguishes the failures of one item from those of a whole side: a side that is down, or fails now and then, does so
 * for all alike. An item that keeps failing says nothing new about the side, so only its first failure in a row counts.
 * Otherwise those that fail on their own would hide each other.
 */
export interface OwnFailures {
  /** The same attempt at this item succeeded, or failed in a way that says that the side works. */
  succeeded(key: string): void;
  failed(key: string): FailureOf;
  /** Its next failure is the first one. */
  forget(key: string): void;
}

/**
 * Whose a failure is, by what happened to other items since the last one of this item:
 * - `item`: more attempts at others succeeded than began to fail;
 * - `side`: they did not;
 * - `unknown`: it is the first one in a row.
 *
 * Without news of others it is as before, but counts as the item's own only for a time: after that `unknown`.
 */
export type FailureOf = 'item' | 'side' | 'unknown';

export interface OwnFailuresOptions {
  /**
   * How long a failure counts as the item's own without news of others, as in a quiet system. So much of an outage may
   * count against an item that failed on its own before.
   */
  without_news_ms: number;
  /** Items that fail. The one that failed longest ago is forgotten for a further one. */
  max_items?: number;
  /** A clock that only moves forward, in ms. */
  now?: () => number;
}

interface Failing {
  of: FailureOf;
  /** When it was found to be so. */
  since: number;
  /** The counts when it failed last. */
  succeeded: number;
  failed: number;
}

/** In memory only: a restart begins to count again, so what is concluded over time is kept elsewhere. */
export function createOwnFailures({
  without_news_ms,
  max_items = 10_000,
  now = () => performance.now(),
}: OwnFailuresOptions): OwnFailures {
  const failing = new Map<string, Failing>();
  let succeeded = 0;
  let failed = 0;

  function next(before: Failing | undefined): Pick<Failing, 'of' | 'since'> {
    const at = now();
    if (before === undefined) return { of: 'unknown', since: at };
    const [better, worse] = [succeeded - before.succeeded, failed - before.failed];
    if (better > worse) return { of: 'item', since: at };
    if (worse > 0) return { of: 'side', since: at };
    const isOld = before.of === 'item' && at - before.since > without_news_ms;
    return isOld ? { of: 'unknown', since: at } : before;
  }

  return {
    succeeded(key) {
      failing.delete(key);
      succeeded += 1;
    },
    failed(key) {
      const before = failing.get(key);
      const { of, since } = next(before);
      if (before === undefined) failed += 1;
      // Behind the others, so that the first one is always the one that failed longest ago.
      failing.delete(key);
      failing.set(key, { of, since, succeeded, failed });
      const [oldest] = failing.keys();
      if (failing.size > max_items && oldest !== undefined) failing.delete(oldest);
      return of;
    },
    forget: (key) => void failing.delete(key),
  };
}
