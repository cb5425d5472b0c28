import { type Random, seededRandom } from '@cashback/scenario';
import { type Fault, LANES, type Lane } from './fault.ts';

export interface Firing {
  fault: Fault;
  /** Of this firing alone. */
  random: Random;
}

/**
 * The faults of one round, by lane: a function of the seed alone, whatever happens in the run. Each round has every
 * kind of the lane once, in an order of its own.
 */
export function scheduleRound(faults: readonly Fault[], seed: number, round: number): Record<Lane, Firing[]> {
  const order = seededRandom(seed, round);
  const drawn = faults.map((fault, index) => ({
    fault,
    at: order.integer(0, 1_000_000_000),
    random: seededRandom(seed, round * 1_000 + index),
  }));
  drawn.sort((one, other) => one.at - other.at);
  return Object.fromEntries(
    LANES.map((lane) => [lane, drawn.filter(({ fault }) => fault.lane === lane)]),
  ) as unknown as Record<Lane, Firing[]>;
}
