const SHORTEST_MS = 1_000;
const LONGEST_MS = 30_000;

/** For who hears no callbacks: as long again as the order is unsettled, within bounds. */
export function lookAgainMs(unsettledSince: number): number {
  return Math.min(Math.max(Date.now() - unsettledSince, SHORTEST_MS), LONGEST_MS);
}
