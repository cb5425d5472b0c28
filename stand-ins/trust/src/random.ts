/** True in `share` of the calls: never for 0, always for 1. */
export function happens(share: number): boolean {
  return Math.random() < share;
}

/** How long a callback waits before it is sent, in ms: in `share` of the calls a part of `holdBackMs`, else 0. */
export function holdBack(share: number, holdBackMs: number): number {
  return happens(share) ? Math.ceil(Math.random() * holdBackMs) : 0;
}
