import { percentile } from '../../measure/statistics.ts';
import type { Window, WindowFigures } from './messages.ts';

/** The end and latency of calls, kept as columns because there are many. */
export interface CallLog {
  add(orders: number, latencyMs: number): void;
  figures(window: Window): WindowFigures;
}

/** Drops calls that ended longer ago, so that a long run needs no more memory than a short one. */
const keptMs = 60_000;
const trimEvery = 100_000;

export function createCallLog(): CallLog {
  let endedAt: number[] = [];
  let latencyMs: number[] = [];
  let orders: number[] = [];
  return {
    add(count, latency) {
      endedAt.push(epochMs());
      latencyMs.push(latency);
      orders.push(count);
      if (endedAt.length % trimEvery === 0) trim(epochMs() - keptMs);
    },
    figures({ from, to }) {
      const inside = endedAt.flatMap((at, index) => (at >= from && at < to ? [index] : []));
      const latencies = inside.map((index) => latencyMs[index] ?? NaN);
      return {
        orders: inside.reduce((sum, index) => sum + (orders[index] ?? 0), 0),
        p50_ms: percentile(latencies, 0.5),
        p99_ms: percentile(latencies, 0.99),
      };
    },
  };

  function trim(before: number): void {
    const kept = endedAt.findIndex((at) => at >= before);
    if (kept <= 0) return;
    endedAt = endedAt.slice(kept);
    latencyMs = latencyMs.slice(kept);
    orders = orders.slice(kept);
  }
}

/** The same clock in every process of this machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
