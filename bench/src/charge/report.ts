import type { PostgresDescription } from '../database/describe-postgres.ts';
import type { Machine } from '../measure/machine.ts';
import { figure, middle, spread } from '../report/figures.ts';
import { type Goal, goalsTable } from '../report/goal.ts';
import { describeSetting } from '../report/setting.ts';
import type { Table } from '../report/table.ts';
import type { Way } from './ways.ts';
import type { Stretch } from './backlog/measure-backlog.ts';
import type {
  PickUpSample,
  PickUpSummary,
  QueueSample,
  QueueSummary,
  SettleSample,
  SettleSummary,
} from './summarise.ts';

export interface ChargeReport {
  machine: Machine;
  postgres: PostgresDescription;
  redis: string | null;
  /** Requested ways that were skipped without a Redis. */
  without: Way[];
  /** True when settled against the stand-in for `transactions`. */
  stand_in: boolean;
  rounds: number;
  orders: number;
  settle: SettleSummary[];
  queue: QueueSummary[];
  pick_up: PickUpSummary[];
  backlog: Stretch[];
  goals: Goal[];
  samples: { settle: SettleSample[]; queue: QueueSample[]; pick_up: PickUpSample[] };
}

/** The report as text, its tables drawn by `draw`. */
export function describeReport(report: ChargeReport, draw: (table: Table) => string): string {
  const { settle, queue, pick_up, backlog, goals } = report;
  const section = (title: string, rows: readonly unknown[], table: () => Table): string | null =>
    rows.length === 0 ? null : `${title}\n\n${draw(table())}`;
  const sections = [
    setting(report),
    section(`Settled orders, against ${report.stand_in ? 'the stand-in' : 'transactions'}`, settle, () =>
      settleTable(settle),
    ),
    section('The queue, with a handler that does nothing', queue, () => queueTable(queue)),
    section('Pick-up of a lone job', pick_up, () => pickUpTable(pick_up)),
    section('Backlog, by tenths', backlog, () => backlogTable(backlog)),
    section('Goals', goals, () => goalsTable(goals)),
  ];
  return `${sections.filter((text) => text !== null).join('\n\n')}\n`;
}

function setting({ machine, postgres, redis, without, rounds, orders }: ChargeReport): string {
  return [
    describeSetting(machine, postgres),
    ...(redis === null ? [] : [`Redis ${redis}`]),
    ...without.map((way) => `Without ${way}: no Redis was given (--redis-url), and none is installed`),
    `${rounds} rounds, ${orders.toLocaleString('en')} orders per way in each; median (min..max) over the rounds`,
    'us: CPU microseconds per order or job; others: cores that were busy with anything else',
  ].join('\n');
}

function settleTable(settle: readonly SettleSummary[]): Table {
  return [
    [
      'way',
      'orders/s',
      'to bare',
      'process us',
      'Postgres us',
      'Redis us',
      'together us',
      'CPU, worker to it',
      'upstream us',
      'others',
    ],
    ...settle.map((one) => [
      one.way,
      spread(one.orders_per_second),
      spread(one.ratio_to_bare),
      middle(one.process_us),
      middle(one.postgres_us),
      middle(one.redis_us),
      middle(one.together_us),
      spread(one.cpu_worker_to_it),
      middle(one.upstream_us),
      middle(one.other_cores),
    ]),
  ];
}

function queueTable(queue: readonly QueueSummary[]): Table {
  return [
    ['way', 'jobs/s', 'to pg-boss', 'process us', 'Postgres us'],
    ...queue.map((one) => [
      one.way,
      spread(one.jobs_per_second),
      spread(one.ratio_to_boss),
      middle(one.process_us),
      middle(one.postgres_us),
    ]),
  ];
}

function pickUpTable(pickUp: readonly PickUpSummary[]): Table {
  return [
    ['way', 'jobs', 'p50 ms', 'p99 ms', 'max ms'],
    ...pickUp.map((one) => [
      one.way,
      one.samples.toLocaleString('en'),
      spread(one.p50_ms),
      spread(one.p99_ms),
      spread(one.max_ms),
    ]),
  ];
}

function backlogTable(backlog: readonly Stretch[]): Table {
  return [
    ['settled', 'orders/s', 'worker us', 'Postgres us', 'worker MiB', 'max MiB'],
    ...backlog.map((one) => [
      one.settled.toLocaleString('en'),
      figure(one.orders_per_second),
      figure(one.cpu_us.process),
      figure(one.cpu_us.postgres),
      figure(one.resident_mib),
      figure(one.max_mib),
    ]),
  ];
}
