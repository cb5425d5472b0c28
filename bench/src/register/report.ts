import type { PostgresDescription } from '../database/describe-postgres.ts';
import type { Machine } from '../measure/machine.ts';
import type { Spread } from '../measure/statistics.ts';
import { figure, middle, spread } from '../report/figures.ts';
import { type Goal, goalsTable } from '../report/goal.ts';
import { describeSetting } from '../report/setting.ts';
import type { Table } from '../report/table.ts';
import type { MemoryReport } from './memory.ts';
import type { IdForm } from './order-ids.ts';
import type { Sample, SizeCost, WaySummary } from './summarise.ts';

export interface RegisterReport {
  machine: Machine;
  postgres: PostgresDescription;
  pgbench: string | null;
  ids: IdForm;
  rounds: number;
  seconds: number;
  warm_up_seconds: number;
  after_checkpoint: boolean;
  /** The time of a commit of one row, with no other load. */
  commit_ms: Spread;
  ways: WaySummary[];
  size_costs: SizeCost[];
  memory: MemoryReport | null;
  goals: Goal[];
  samples: Sample[];
}

/** The report as text, its tables drawn by `draw`. */
export function describeReport(report: RegisterReport, draw: (table: Table) => string): string {
  const { ways, size_costs, memory, goals } = report;
  const sizes = [...new Set(ways.map(({ orders }) => orders))];
  const sections = [
    setting(report),
    ...sizes.map((orders) => {
      const own = ways.filter((summary) => summary.orders === orders);
      return `${orders.toLocaleString('en')} orders in the tables\n\n${draw(waysTable(own))}`;
    }),
    size_costs.length === 0 ? null : `Cost of size: largest to smallest\n\n${draw(sizeTable(size_costs))}`,
    memory === null ? null : `Memory of the server under batched load\n\n${draw(memoryTable(memory))}`,
    goals.length === 0 ? null : `Goals\n\n${draw(goalsTable(goals))}`,
  ];
  return `${sections.filter((section) => section !== null).join('\n\n')}\n`;
}

function setting(report: RegisterReport): string {
  const { machine, postgres, pgbench, rounds, seconds, warm_up_seconds, ids, after_checkpoint, commit_ms } =
    report;
  return [
    describeSetting(machine, postgres),
    `${pgbench ?? 'without pgbench'}; ${ids} order ids; ${after_checkpoint ? 'right after a checkpoint' : 'between checkpoints'}`,
    `${rounds} rounds of ${seconds} s per way, after ${warm_up_seconds} s to warm up; median (min..max) over the rounds`,
    'us: CPU microseconds per order; WAL bytes: write-ahead log per order; others: cores that were busy with anything else',
    `A commit of one row, alone: ${spread(commit_ms)} ms`,
  ].join('\n');
}

function waysTable(ways: readonly WaySummary[]): Table {
  return [
    [
      'way',
      'orders/s',
      'to plain',
      'p50 ms',
      'p99 ms',
      'client us',
      'server us',
      'Postgres us',
      'together us',
      'CPU, plain to it',
      'WAL bytes',
      'others',
    ],
    ...ways.map(
      ({
        way,
        orders_per_second,
        ratio_to_plain,
        p50_ms,
        p99_ms,
        cpu_us,
        cpu_ratio_to_plain,
        wal_bytes,
        other_cores,
      }) => [
        way,
        spread(orders_per_second),
        spread(ratio_to_plain),
        middle(p50_ms),
        middle(p99_ms),
        middle(cpu_us.client),
        middle(cpu_us.server),
        middle(cpu_us.postgres),
        middle(cpu_us.together),
        middle(cpu_ratio_to_plain),
        middle(wal_bytes),
        middle(other_cores),
      ],
    ),
  ];
}

function sizeTable(costs: readonly SizeCost[]): Table {
  return [['way', 'time', 'CPU'], ...costs.map(({ way, time, cpu }) => [way, spread(time), spread(cpu)])];
}

function memoryTable(memory: MemoryReport): Table {
  return [
    ['minutes', 'orders', 'start MiB', 'end MiB', 'max MiB', 'MiB a minute', 'last quarter to first'],
    [
      figure(memory.minutes),
      figure(memory.acknowledged),
      figure(memory.start_mib),
      figure(memory.end_mib),
      figure(memory.max_mib),
      figure(memory.slope_mib_per_minute),
      figure(memory.growth),
    ],
  ];
}
