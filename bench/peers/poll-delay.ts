const MIN_MS = 1_000;
const MAX_MS = 30_000;

/** The delay of the next poll without callbacks: as long as the order has been unsettled, within bounds. */
export function pollDelayMs(unsettledSince: number): number {
  return Math.min(Math.max(Date.now() - unsettledSince, MIN_MS), MAX_MS);
}
