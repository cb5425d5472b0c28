import { type Spread, ratio, spreadOf, spreadOfKnown } from '../measure/statistics.ts';
import type { PickUpMeasurement } from './pick-up/measure-pick-up.ts';
import type { QueueMeasurement } from './queue/measure-queue.ts';
import { QUEUE_WAYS, type QueueWay } from './queue/messages.ts';
import type { SettleMeasurement } from './settle/measure-settle.ts';
import { PEERS, type Peer, WAYS, type Way } from './ways.ts';

export interface Sample<Name, Measurement> {
  round: number;
  way: Name;
  measurement: Measurement;
}
export type SettleSample = Sample<Way, SettleMeasurement>;
export type QueueSample = Sample<QueueWay, QueueMeasurement>;
export type PickUpSample = Sample<'worker' | Peer, PickUpMeasurement>;

/** One way over the rounds; CPU microseconds per order. */
export interface SettleSummary {
  way: Way;
  orders_per_second: Spread;
  /** Over the orders per second of the bare calls in the same round. */
  ratio_to_bare: Spread | null;
  process_us: Spread;
  postgres_us: Spread | null;
  redis_us: Spread;
  /** Process, Postgres and Redis. */
  together_us: Spread | null;
  upstream_us: Spread | null;
  /** CPU time of the worker in the same round over that of this way. */
  cpu_worker_to_it: Spread | null;
  other_cores: Spread | null;
}

export interface QueueSummary {
  way: QueueWay;
  jobs_per_second: Spread;
  /** Over the jobs per second of pg-boss alone in the same round. */
  ratio_to_boss: Spread | null;
  process_us: Spread;
  postgres_us: Spread | null;
}

export interface PickUpSummary {
  way: 'worker' | Peer;
  samples: number;
  p50_ms: Spread;
  p99_ms: Spread;
  max_ms: Spread;
}

export function summariseSettle(samples: readonly SettleSample[]): SettleSummary[] {
  return WAYS.flatMap((way) => {
    const own = samples.filter((sample) => sample.way === way);
    if (own.length === 0) return [];
    const cpu = (read: (measurement: SettleMeasurement) => number | null): Spread | null =>
      spreadOfKnown(own.map(({ measurement }) => read(measurement)));
    return [
      {
        way,
        orders_per_second: spreadOf(own.map(({ measurement }) => measurement.orders_per_second)),
        ratio_to_bare: beside(
          own,
          samples,
          'bare',
          (one, bare) => one.orders_per_second / bare.orders_per_second,
        ),
        process_us: spreadOf(own.map(({ measurement }) => measurement.cpu_us.process)),
        postgres_us: cpu(({ cpu_us }) => cpu_us.postgres),
        redis_us: spreadOf(own.map(({ measurement }) => measurement.cpu_us.redis)),
        together_us: cpu(togetherOf),
        upstream_us: cpu(({ cpu_us }) => cpu_us.upstream),
        cpu_worker_to_it: beside(own, samples, 'worker', (one, worker) =>
          ratio(togetherOf(worker), togetherOf(one)),
        ),
        other_cores: cpu(({ other_cores }) => other_cores),
      },
    ];
  });
}

export function summariseQueue(samples: readonly QueueSample[]): QueueSummary[] {
  return QUEUE_WAYS.flatMap((way) => {
    const own = samples.filter((sample) => sample.way === way);
    if (own.length === 0) return [];
    return [
      {
        way,
        jobs_per_second: spreadOf(own.map(({ measurement }) => measurement.jobs_per_second)),
        ratio_to_boss: beside(
          own,
          samples,
          'pg-boss',
          (one, boss) => one.jobs_per_second / boss.jobs_per_second,
        ),
        process_us: spreadOf(own.map(({ measurement }) => measurement.cpu_us.process)),
        postgres_us: spreadOfKnown(own.map(({ measurement }) => measurement.cpu_us.postgres)),
      },
    ];
  });
}

export function summarisePickUp(samples: readonly PickUpSample[]): PickUpSummary[] {
  return (['worker', ...PEERS] as const).flatMap((way) => {
    const own = samples.filter((sample) => sample.way === way);
    if (own.length === 0) return [];
    const spread = (name: 'p50_ms' | 'p99_ms' | 'max_ms'): Spread =>
      spreadOf(own.map(({ measurement }) => measurement[name]));
    const counted = own.reduce((sum, { measurement }) => sum + measurement.samples, 0);
    return [
      { way, samples: counted, p50_ms: spread('p50_ms'), p99_ms: spread('p99_ms'), max_ms: spread('max_ms') },
    ];
  });
}

/** Compares each sample with that of another way in the same round. */
function beside<Name, Measurement>(
  own: readonly Sample<Name, Measurement>[],
  samples: readonly Sample<Name, Measurement>[],
  other: Name,
  compare: (one: Measurement, other: Measurement) => number | null,
): Spread | null {
  return spreadOfKnown(
    own.map(({ round, measurement }) => {
      const found = samples.find((sample) => sample.way === other && sample.round === round);
      return found === undefined ? null : compare(measurement, found.measurement);
    }),
  );
}

function togetherOf({ cpu_us: { process, postgres, redis } }: SettleMeasurement): number | null {
  return postgres === null ? null : process + postgres + redis;
}
