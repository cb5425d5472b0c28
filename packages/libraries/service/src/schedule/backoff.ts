export interface BackoffOptions {
  base_ms: number;
  max_ms: number;
  /** In [0, 1); `Math.random` when absent. */
  random?: () => number;
}

/**
 * How long to wait after `attempts` failures (1 or more): doubles from `base_ms` up to `max_ms`, and of that
 * between half and all, so that attempts that failed together are not repeated together.
 */
export function backoffMs(
  attempts: number,
  { base_ms, max_ms, random = Math.random }: BackoffOptions,
): number {
  const full = Math.min(max_ms, base_ms * 2 ** Math.min(Math.max(attempts, 1) - 1, 52));
  return Math.round(full / 2 + (full / 2) * random());
}
