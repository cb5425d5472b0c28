import type { PollRequest } from '@cashback/cashback-db';
import { createGate } from './gate.ts';

/** Requests to poll an order now. They are in memory only: losing one delays its order, and loses nothing. */
export interface PollRequests {
  add(request: PollRequest): void;
  /** Takes the oldest `limit` of them. */
  take(limit: number): PollRequest[];
  readonly size: number;
  /** Resolves when at most `low_water` of them wait, or the signal aborts. */
  drained(signal: AbortSignal): Promise<void>;
}

/** In a flood of callbacks further orders wait for the poll that is in their rows. */
const MAX_REQUESTS = 10_000;

export function createPollRequests(low_water: number): PollRequests {
  /** By operation, so that a request about an older one never displaces that of the open one. */
  const orderIds = new Map<string, string>();
  const drained = createGate(() => orderIds.size <= low_water);
  return {
    add({ order_id, operation_id }) {
      if (orderIds.size < MAX_REQUESTS) orderIds.set(operation_id, order_id);
    },
    take(limit) {
      const taken = [...orderIds].slice(0, limit);
      for (const [operation_id] of taken) orderIds.delete(operation_id);
      drained.check();
      return taken.map(([operation_id, order_id]) => ({ order_id, operation_id }));
    },
    get size() {
      return orderIds.size;
    },
    drained: (signal) => drained.untilOpen(signal),
  };
}
