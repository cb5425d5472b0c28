import { type Goal, atLeast, atMost } from '../report/goal.ts';
import type { MemoryReport } from './memory.ts';
import type { SizeCost, WaySummary } from './summarise.ts';
import type { Way } from './ways.ts';

const RATIOS: Partial<Record<Way, number>> = { register_many: 4.5, batched: 3, unbatched: 1 };
const LONE_P50_MS = 2;
const SIZE_COST = 1.2;
/** The median of the last quarter of the run over that of the first. */
const MEMORY_GROWTH = 1.1;

export function judge(report: {
  ways: readonly WaySummary[];
  size_costs: readonly SizeCost[];
  memory: MemoryReport | null;
}): Goal[] {
  return [
    ...report.ways.flatMap(judgeWay),
    ...report.size_costs.flatMap(judgeSizeCost),
    ...(report.memory === null
      ? []
      : [atMost('memory of the server, last quarter to first', MEMORY_GROWTH, report.memory.growth)]),
  ];
}

function judgeWay({ way, orders, ratio_to_plain, p50_ms }: WaySummary): Goal[] {
  const size = `${orders.toLocaleString('en')} orders`;
  const bound = RATIOS[way];
  if (way === 'lone') return [atMost(`lone, p50 in ms, ${size}`, LONE_P50_MS, p50_ms.median)];
  if (bound === undefined || ratio_to_plain === null) return [];
  return [atLeast(`${way} to plain, ${size}`, bound, ratio_to_plain.median)];
}

/** The plain way's own cost is the database's, and every way pays it. */
function judgeSizeCost({ way, from_orders, to_orders, time, cpu }: SizeCost): Goal[] {
  if (way === 'plain') return [];
  const sizes = `${to_orders.toLocaleString('en')} to ${from_orders.toLocaleString('en')} orders`;
  return [
    atMost(`${way}, time, ${sizes}`, SIZE_COST, time.median),
    ...(cpu === null ? [] : [atMost(`${way}, CPU, ${sizes}`, SIZE_COST, cpu.median)]),
  ];
}
