import { type Spread, ratio, spreadOf, spreadOfKnown } from '../measure/statistics.ts';
import type { Measurement } from './measurement.ts';
import { type Way, WAYS } from './ways.ts';

/** One measurement of a run: `orders` were in the tables before it. */
export interface Sample {
  round: number;
  orders: number;
  way: Way;
  measurement: Measurement;
}

/** One way at one size, over the rounds. */
export interface WaySummary {
  orders: number;
  way: Way;
  orders_per_second: Spread;
  p50_ms: Spread;
  p99_ms: Spread;
  cpu_us: { client: Spread; server: Spread | null; postgres: Spread | null; together: Spread | null };
  /** Orders per second over those of the plain way in the same round and size. */
  ratio_to_plain: Spread | null;
  /** CPU time per order of the plain way over that of this way: the steadier ratio on a busy machine. */
  cpu_ratio_to_plain: Spread | null;
  wal_bytes: Spread;
  other_cores: Spread | null;
}

/** The cost of a way at the largest size over its cost at the smallest, in the same round. */
export interface SizeCost {
  way: Way;
  from_orders: number;
  to_orders: number;
  time: Spread;
  cpu: Spread | null;
}

export function summariseWays(samples: readonly Sample[]): WaySummary[] {
  return sizesOf(samples).flatMap((orders) =>
    WAYS.flatMap((way) => {
      const own = samples.filter((sample) => sample.way === way && sample.orders === orders);
      return own.length === 0 ? [] : [summariseWay(own, plainBeside(samples, orders))];
    }),
  );
}

export function compareSizes(samples: readonly Sample[]): SizeCost[] {
  const sizes = sizesOf(samples);
  const [from_orders, to_orders] = [sizes[0], sizes.at(-1)];
  if (from_orders === undefined || to_orders === undefined || from_orders === to_orders) return [];
  return WAYS.flatMap((way) => {
    const pairs = samples
      .filter((sample) => sample.way === way && sample.orders === to_orders)
      .flatMap((large) => {
        const small = samples.find(
          (sample) => sample.way === way && sample.orders === from_orders && sample.round === large.round,
        );
        return small === undefined ? [] : [{ small: small.measurement, large: large.measurement }];
      });
    if (pairs.length === 0) return [];
    const time = pairs.map(({ small, large }) => small.orders_per_second / large.orders_per_second);
    const cpu = pairs.map(({ small, large }) => ratio(togetherOf(large), togetherOf(small)));
    return [{ way, from_orders, to_orders, time: spreadOf(time), cpu: spreadOfKnown(cpu) }];
  });
}

/** CPU of all processes that take part; `null` when one of them is not visible. */
function togetherOf({ cpu_us: { client, server, postgres } }: Measurement): number | null {
  return postgres === null ? null : client + (server ?? 0) + postgres;
}

function summariseWay(own: readonly Sample[], plain: ReadonlyMap<number, Measurement>): WaySummary {
  const [first] = own;
  if (first === undefined) throw new Error('a way without measurements has no summary');
  const spread = (value: (measurement: Measurement) => number): Spread =>
    spreadOf(own.map(({ measurement }) => value(measurement)));
  const known = (value: (measurement: Measurement) => number | null): Spread | null =>
    spreadOfKnown(own.map(({ measurement }) => value(measurement)));
  const beside = (compare: (one: Measurement, itsPlain: Measurement) => number | null): Spread | null =>
    spreadOfKnown(
      own.map(({ round, measurement }) => {
        const itsPlain = plain.get(round);
        return itsPlain === undefined ? null : compare(measurement, itsPlain);
      }),
    );
  return {
    orders: first.orders,
    way: first.way,
    orders_per_second: spread(({ orders_per_second }) => orders_per_second),
    p50_ms: spread(({ p50_ms }) => p50_ms),
    p99_ms: spread(({ p99_ms }) => p99_ms),
    cpu_us: {
      client: spread(({ cpu_us }) => cpu_us.client),
      server: known(({ cpu_us }) => cpu_us.server),
      postgres: known(({ cpu_us }) => cpu_us.postgres),
      together: known(togetherOf),
    },
    ratio_to_plain: beside((one, itsPlain) => one.orders_per_second / itsPlain.orders_per_second),
    cpu_ratio_to_plain: beside((one, itsPlain) => ratio(togetherOf(itsPlain), togetherOf(one))),
    wal_bytes: spread(({ wal_bytes }) => wal_bytes),
    other_cores: known(({ other_cores }) => other_cores),
  };
}

/** The plain way at a size, by round. */
function plainBeside(samples: readonly Sample[], orders: number): Map<number, Measurement> {
  const plain = samples.filter((sample) => sample.way === 'plain' && sample.orders === orders);
  return new Map(plain.map(({ round, measurement }) => [round, measurement]));
}

function sizesOf(samples: readonly Sample[]): number[] {
  return [...new Set(samples.map(({ orders }) => orders))].toSorted((a, b) => a - b);
}
