import { type Goal, atLeast, atMost } from '../report/goal.ts';
import type { Stretch } from './backlog/measure-backlog.ts';
import type { PickUpSummary, QueueSummary, SettleSummary } from './summarise.ts';
import { PEERS } from './ways.ts';

const TO_BARE = 0.7;
const CPU_TO_PEER = 0.5;
const TO_BOSS = 0.9;
const PICK_UP_MS = { p50: 10, p99: 50 };
const BACKLOG_RATE = 0.8;
const BACKLOG_MEMORY = 1.1;

export function judge(report: {
  settle: readonly SettleSummary[];
  queue: readonly QueueSummary[];
  pick_up: readonly PickUpSummary[];
  backlog: readonly Stretch[];
}): Goal[] {
  return [
    ...report.settle.flatMap(judgeSettle),
    ...report.queue.flatMap(judgeQueue),
    ...report.pick_up.flatMap(judgePickUp),
    ...judgeBacklog(report.backlog),
  ];
}

function judgeSettle({ way, ratio_to_bare, cpu_worker_to_it }: SettleSummary): Goal[] {
  if (way === 'worker') {
    return ratio_to_bare === null
      ? []
      : [atLeast('worker to the bare calls, orders/s', TO_BARE, ratio_to_bare.median)];
  }
  if (!PEERS.some((peer) => peer === way) || cpu_worker_to_it === null) return [];
  return [atMost(`CPU of the worker to ${way}`, CPU_TO_PEER, cpu_worker_to_it.median)];
}

function judgeQueue({ way, ratio_to_boss }: QueueSummary): Goal[] {
  if (way !== 'work' || ratio_to_boss === null) return [];
  return [atLeast("the worker's queue to pg-boss alone, jobs/s", TO_BOSS, ratio_to_boss.median)];
}

function judgePickUp({ way, p50_ms, p99_ms }: PickUpSummary): Goal[] {
  if (way !== 'worker') return [];
  return [
    atMost('pick-up of a lone job, p50 in ms', PICK_UP_MS.p50, p50_ms.median),
    atMost('pick-up of a lone job, p99 in ms', PICK_UP_MS.p99, p99_ms.median),
  ];
}

/** The first stretch includes the start of the process, and memory grows until the process is warm. */
function judgeBacklog(stretches: readonly Stretch[]): Goal[] {
  const [, second] = stretches;
  const last = stretches.at(-1);
  if (second === undefined || last === undefined || second === last) return [];
  const rate = last.orders_per_second / second.orders_per_second;
  return [
    atLeast('backlog, orders/s, last tenth to second', BACKLOG_RATE, rate),
    atMost('backlog, memory, last tenth to second', BACKLOG_MEMORY, last.resident_mib / second.resident_mib),
  ];
}
