import { describe, expect, test } from 'vitest';
import { slopeOf } from '../src/measure/slope.ts';
import { median, percentile, spreadOf } from '../src/measure/statistics.ts';
import { judge } from '../src/register/goals.ts';
import { summariseMemory } from '../src/register/memory.ts';
import { parsePgbenchLog } from '../src/register/plain/pgbench-log.ts';
import { type Sample, compareSizes, summariseWays } from '../src/register/summarise.ts';
import type { Way } from '../src/register/ways.ts';
import { figure, spread } from '../src/report/figures.ts';
import { toMarkdown, toText } from '../src/report/table.ts';

function sample(round: number, orders: number, way: Way, perSecond: number, cpuUs = 100): Sample {
  const server = way === 'plain' ? null : cpuUs;
  return {
    round,
    orders,
    way,
    measurement: {
      orders_per_second: perSecond,
      p50_ms: 1,
      p99_ms: 2,
      cpu_us: { client: cpuUs, server, postgres: cpuUs },
      wal_bytes: 1,
      other_cores: 0,
    },
  };
}

describe('statistics', () => {
  test('the median is the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 4, 2, 3])).toBe(3.5);
    expect(spreadOf([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 });
  });

  test('a percentile is a value that occurred, by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  test('a slope is that of the least-squares line', () => {
    expect(slopeOf([1, 3, 5, 7].map((y, x) => ({ x, y })))).toBe(2);
    expect(slopeOf([4, 4, 4].map((y, x) => ({ x, y })))).toBe(0);
  });
});

describe('the summary', () => {
  test('compares a way with the plain way of the same round and size', () => {
    const samples = [
      sample(0, 10, 'plain', 100),
      sample(0, 10, 'batched', 300),
      sample(1, 10, 'plain', 200),
      sample(1, 10, 'batched', 400),
      sample(0, 99, 'plain', 1),
    ];
    const batched = summariseWays(samples).find(({ way }) => way === 'batched');
    expect(batched?.orders_per_second).toEqual({ median: 350, min: 300, max: 400 });
    expect(batched?.ratio_to_plain).toEqual({ median: 2.5, min: 2, max: 3 });
    expect(batched?.cpu_ratio_to_plain).toEqual({ median: 2 / 3, min: 2 / 3, max: 2 / 3 });
    expect(batched?.cpu_us.together).toEqual({ median: 300, min: 300, max: 300 });
  });

  test('has no ratio where the plain way was left out', () => {
    const [batched] = summariseWays([sample(0, 10, 'batched', 300)]);
    expect(batched?.ratio_to_plain).toBeNull();
  });

  test('compares the largest size with the smallest one of the same round, in time and in CPU', () => {
    const samples = [
      sample(0, 10, 'lone', 100, 10),
      sample(0, 1000, 'lone', 50, 30),
      sample(1, 10, 'lone', 300, 10),
      sample(1, 1000, 'lone', 100, 10),
    ];
    expect(compareSizes(samples)).toEqual([
      {
        way: 'lone',
        from_orders: 10,
        to_orders: 1000,
        time: { median: 2.5, min: 2, max: 3 },
        cpu: { median: 2, min: 1, max: 3 },
      },
    ]);
    expect(compareSizes(samples.filter(({ orders }) => orders === 10))).toEqual([]);
  });

  test('states the growth of memory as its last quarter over its first', () => {
    const resident = [100, 101, 99, 100, 120, 90, 110, 110];
    const { growth, start_mib, end_mib, max_mib } = summariseMemory(resident);
    expect({ growth, start_mib, end_mib, max_mib }).toEqual({
      growth: 110 / 100.5,
      start_mib: 100,
      end_mib: 110,
      max_mib: 120,
    });
    expect(summariseMemory([10, 11, 12, 13]).slope_mib_per_minute).toBe(60);
  });
});

describe('a goal', () => {
  const at = (way: Way, ratio: number) =>
    judge({
      ways: summariseWays([sample(0, 10, 'plain', 100), sample(0, 10, way, 100 * ratio)]),
      size_costs: [],
      memory: null,
    });

  test.each([
    ['register_many', 4.5, true],
    ['register_many', 4.49, false],
    ['batched', 3, true],
    ['batched', 2.99, false],
    ['unbatched', 1, true],
    ['unbatched', 0.99, false],
  ] as const)('of %s at %s times the plain way is met: %s', (way, ratio, met) => {
    expect(at(way, ratio)).toMatchObject([{ met, value: ratio }]);
  });

  test('of a lone call is its latency, of a size its cost in time and in CPU', () => {
    const samples = [sample(0, 10, 'lone', 100, 100), sample(0, 1000, 'lone', 50, 110)];
    const goals = judge({
      ways: summariseWays(samples),
      size_costs: compareSizes(samples),
      memory: null,
    });
    expect(goals.map(({ bound, value, met }) => [bound, value, met])).toEqual([
      ['<= 2', 1, true],
      ['<= 2', 1, true],
      ['<= 1.2', 2, false],
      ['<= 1.2', 1.1, true],
    ]);
  });
});

describe('a log of pgbench', () => {
  test('has the end and the latency of each transaction', () => {
    expect(parsePgbenchLog('0 1 1500 0 1700000000 250000\n3 7 250 0 1700000001 5\n')).toEqual([
      { ended_at: 1_700_000_000_250, latency_ms: 1.5 },
      { ended_at: 1_700_000_001_000.005, latency_ms: 0.25 },
    ]);
  });

  test('with a failed transaction is refused', () => {
    expect(() => parsePgbenchLog('0 1 failed 0 1700000000 250000\n')).toThrow('failed');
  });
});

describe('a table', () => {
  const table = [
    ['way', 'orders/s'],
    ['plain', '4,000'],
    ['register_many', '9'],
  ];

  test('has its names to the left and its figures to the right', () => {
    expect(toText(table)).toBe(
      ['way            orders/s', 'plain             4,000', 'register_many         9'].join('\n'),
    );
  });

  test('is Markdown on request', () => {
    expect(toMarkdown(table)).toBe(
      ['| way | orders/s |', '| --- | ---: |', '| plain | 4,000 |', '| register_many | 9 |'].join('\n'),
    );
  });

  test('rounds figures to what matters', () => {
    expect([0.1234, 4.567, 98.76, 12_345.6, NaN, null].map(figure)).toEqual([
      '0.12',
      '4.57',
      '98.8',
      '12,346',
      '-',
      '-',
    ]);
    expect(spread({ median: 2, min: 1.5, max: 300 })).toBe('2.00 (1.50..300)');
    expect(spread(null)).toBe('-');
  });
});
