import { describe, expect, test } from 'vitest';
import type { Stretch } from '../src/charge/backlog/measure-backlog.ts';
import { judge } from '../src/charge/goals.ts';
import {
  type PickUpSample,
  type QueueSample,
  type SettleSample,
  summarisePickUp,
  summariseQueue,
  summariseSettle,
} from '../src/charge/summarise.ts';
import type { Way } from '../src/charge/ways.ts';

function settled(round: number, way: Way, perSecond: number, us: number, redis = 0): SettleSample {
  const cpu_us = { process: us, postgres: us, redis, upstream: 1 };
  return { round, way, measurement: { orders_per_second: perSecond, cpu_us, other_cores: 0 } };
}

function queued(round: number, way: 'pg-boss' | 'work', perSecond: number): QueueSample {
  return { round, way, measurement: { jobs_per_second: perSecond, cpu_us: { process: 1, postgres: 1 } } };
}

function picked(p50_ms: number, p99_ms: number): PickUpSample {
  return { round: 0, way: 'worker', measurement: { samples: 10, p50_ms, p99_ms, max_ms: p99_ms } };
}

function stretch(perSecond: number, mib: number): Stretch {
  const cpu_us = { process: 1, postgres: 1 };
  return { settled: 1, orders_per_second: perSecond, cpu_us, resident_mib: mib, max_mib: mib };
}

const nothing = { settle: [], queue: [], pick_up: [], backlog: [] };

describe('the summary of settled orders', () => {
  const samples = [
    settled(0, 'bare', 100, 1),
    settled(0, 'worker', 80, 100),
    settled(0, 'bullmq', 50, 150, 100),
    settled(1, 'bare', 50, 1),
    settled(1, 'worker', 30, 100),
    settled(1, 'bullmq', 50, 100),
  ];
  const [worker, bare, bullmq] = summariseSettle(samples);

  test('compares with the bare calls of the same round', () => {
    expect(worker?.ratio_to_bare).toEqual({ median: 0.7, min: 0.6, max: 0.8 });
    expect(bare?.ratio_to_bare).toEqual({ median: 1, min: 1, max: 1 });
  });

  test("compares the worker's CPU time with that of process, Postgres and Redis together", () => {
    expect(bullmq?.cpu_worker_to_it).toEqual({ median: 0.75, min: 0.5, max: 1 });
    expect(bullmq?.together_us).toEqual({ median: 300, min: 200, max: 400 });
  });

  test('has no ratio to a way that was left out', () => {
    const [alone] = summariseSettle([settled(0, 'worker', 80, 100)]);
    expect(alone).toMatchObject({ ratio_to_bare: null });
    expect(judge({ ...nothing, settle: summariseSettle([settled(0, 'worker', 80, 100)]) })).toEqual([]);
  });
});

describe('a goal', () => {
  test.each([
    [70, true],
    [69.9, false],
  ])('of %s orders a second to 100 bare ones is met: %s', (perSecond, met) => {
    const settle = summariseSettle([settled(0, 'bare', 100, 1), settled(0, 'worker', perSecond, 1)]);
    expect(judge({ ...nothing, settle })).toMatchObject([{ bound: '>= 0.7', met }]);
  });

  test.each([
    ['graphile-worker', 200, true],
    ['graphile-worker', 199, false],
    ['bullmq', 200, true],
    ['bullmq', 199, false],
  ] as const)('of CPU, 100 us to %s with %s, is met: %s', (way, us, met) => {
    const settle = summariseSettle([settled(0, 'worker', 1, 100), settled(0, way, 1, us)]);
    expect(judge({ ...nothing, settle })).toMatchObject([{ bound: '<= 0.5', met }]);
  });

  test.each([
    [90, true],
    [89, false],
  ])('of %s jobs a second to 100 of pg-boss alone is met: %s', (perSecond, met) => {
    const queue = summariseQueue([queued(0, 'pg-boss', 100), queued(0, 'work', perSecond)]);
    expect(judge({ ...nothing, queue })).toMatchObject([{ bound: '>= 0.9', met }]);
  });

  test.each([
    [10, 50, [true, true]],
    [10.1, 50.1, [false, false]],
  ])('of a lone job after %s ms, at the 99th percentile %s ms, is met: %s', (p50, p99, met) => {
    const goals = judge({ ...nothing, pick_up: summarisePickUp([picked(p50, p99)]) });
    expect(goals.map((goal) => goal.met)).toEqual(met);
  });

  test('of a backlog compares its last tenth with its second, because the first one warms up', () => {
    const backlog = [stretch(1, 1), stretch(100, 100), stretch(10, 500), stretch(80, 110)];
    expect(judge({ ...nothing, backlog }).map(({ value, met }) => [value, met])).toEqual([
      [0.8, true],
      [1.1, true],
    ]);
    expect(judge({ ...nothing, backlog: backlog.slice(0, 1) })).toEqual([]);
  });
});
