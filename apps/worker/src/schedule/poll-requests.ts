import { createGate } from './gate.ts';

/** Orders that are to be polled now. They are in memory only: losing one delays its order, and loses nothing. */
export interface PollRequests {
  add(orderId: string): void;
  /** Takes the oldest `limit` of them. */
  take(limit: number): string[];
  readonly size: number;
  /** Resolves when at most `low_water` of them wait, or the signal aborts. */
  drained(signal: AbortSignal): Promise<void>;
}

/** In a flood of callbacks further orders wait for the poll that is in their rows. */
const MAX_REQUESTS = 10_000;

export function createPollRequests(low_water: number): PollRequests {
  const orderIds = new Set<string>();
  const drained = createGate(() => orderIds.size <= low_water);
  return {
    add(orderId) {
      if (orderIds.size < MAX_REQUESTS) orderIds.add(orderId);
    },
    take(limit) {
      const taken = [...orderIds].slice(0, limit);
      for (const orderId of taken) orderIds.delete(orderId);
      drained.check();
      return taken;
    },
    get size() {
      return orderIds.size;
    },
    drained: (signal) => drained.untilOpen(signal),
  };
}
