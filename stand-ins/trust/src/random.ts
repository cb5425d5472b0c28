/** True for this share of calls: never for 0, always for 1. */
export function happens(share: number): boolean {
  return Math.random() < share;
}

/** The delay of a callback in ms: up to `holdBackMs` for this share of calls, otherwise 0. */
export function holdBack(share: number, holdBackMs: number): number {
  return happens(share) ? Math.ceil(Math.random() * holdBackMs) : 0;
}
