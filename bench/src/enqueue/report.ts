import type { PostgresDescription } from '../database/describe-postgres.ts';
import type { Machine } from '../measure/machine.ts';
import { type Spread, spreadOf, spreadOfKnown } from '../measure/statistics.ts';
import { spread } from '../report/figures.ts';
import { describeSetting } from '../report/setting.ts';
import type { Table } from '../report/table.ts';
import type { EnqueueMeasurement } from './measure-enqueue.ts';

export interface EnqueueSample {
  round: number;
  size: number;
  way: string;
  wakeup: string;
  measurement: EnqueueMeasurement;
}

export interface EnqueueSummary {
  size: number;
  way: string;
  wakeup: string;
  jobs_per_second: Spread;
  postgres_us: Spread | null;
  client_us: Spread;
}

export interface EnqueueReport {
  machine: Machine;
  postgres: PostgresDescription;
  connections: number;
  rounds: number;
  seconds: number;
  ways: EnqueueSummary[];
  samples: EnqueueSample[];
}

export function summariseEnqueue(samples: readonly EnqueueSample[]): EnqueueSummary[] {
  const groups = Map.groupBy(samples, ({ size, way, wakeup }) => JSON.stringify([size, way, wakeup]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const of = (value: (measurement: EnqueueMeasurement) => number): number[] =>
      group.map(({ measurement }) => value(measurement));
    return [
      {
        size: first.size,
        way: first.way,
        wakeup: first.wakeup,
        jobs_per_second: spreadOf(of(({ jobs_per_second }) => jobs_per_second)),
        postgres_us: spreadOfKnown(group.map(({ measurement }) => measurement.postgres_us)),
        client_us: spreadOf(of(({ client_us }) => client_us)),
      },
    ];
  });
}

/** The report as text, its tables drawn by `draw`. */
export function describeEnqueue(report: EnqueueReport, draw: (table: Table) => string): string {
  const { machine, postgres, connections, rounds, seconds, ways } = report;
  const sizes = [...new Set(ways.map(({ size }) => size))];
  return [
    describeSetting(machine, postgres),
    `${connections} connections; ${rounds} rounds of ${seconds} s; median (min..max) over the rounds; us: CPU microseconds per job`,
    ...sizes.map((size) => {
      const own = ways.filter((summary) => summary.size === size);
      return `\n${size} jobs per transaction\n\n${draw(toTable(own))}`;
    }),
    '',
  ].join('\n');
}

function toTable(ways: readonly EnqueueSummary[]): Table {
  return [
    ['way, NOTIFY', 'jobs/s', 'Postgres us', 'client us'],
    ...ways.map(({ way, wakeup, jobs_per_second, postgres_us, client_us }) => [
      `${way}, ${wakeup}`,
      spread(jobs_per_second),
      spread(postgres_us),
      spread(client_us),
    ]),
  ];
}
