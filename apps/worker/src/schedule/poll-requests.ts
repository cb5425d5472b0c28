import { createGate } from './gate.ts';

/** Orders that are to be polled now. They are in memory only: losing one delays its order, and loses nothing. */
export interface PollRequests {
  add(orderId: string): void;
  /** The step of an order that was taken has ended well. */
  stepEnded(orderId: string): void;
  /** It has failed: the order is added again, unless this was its second step in a row that failed. */
  stepFailed(orderId: string): void;
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
  /** Those whose last step failed, and that are repeated. */
  const failed = new Set<string>();
  const drained = createGate(() => orderIds.size <= low_water);

  function add(orderId: string): void {
    if (orderIds.size < MAX_REQUESTS) orderIds.add(orderId);
  }

  return {
    add,
    stepEnded: (orderId) => void failed.delete(orderId),
    stepFailed(orderId) {
      if (failed.delete(orderId)) return;
      failed.add(orderId);
      add(orderId);
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
