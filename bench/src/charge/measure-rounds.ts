import { rotate } from '../measure/rotate.ts';
import { figure } from '../report/figures.ts';
import type { ChargeOptions } from './options.ts';
import { measurePickUp } from './pick-up/measure-pick-up.ts';
import { measureQueue } from './queue/measure-queue.ts';
import { QUEUE_WAYS } from './queue/messages.ts';
import type { ChargeReport } from './report.ts';
import { type SettleSetup, measureSettle, warmUpstream } from './settle/measure-settle.ts';
import type { PickUpSample, QueueSample, SettleSample } from './summarise.ts';
import { PEERS } from './ways.ts';

/** The upstream's warm-up has this multiple of a measurement's orders. */
const WARM_UP_ROUNDS = 2;

/** Measures every way of every part once in each round, starting with another way each time. */
export async function measureRounds(
  setup: SettleSetup,
  options: ChargeOptions,
): Promise<ChargeReport['samples']> {
  const { parts, rounds, signal, report } = options;
  const ways = options.ways.filter((way) => way !== 'bullmq' || setup.redis !== null);
  const settle: SettleSample[] = [];
  const queue: QueueSample[] = [];
  const pickUp: PickUpSample[] = [];
  if (parts.includes('settle') && !options.stand_in) {
    await warmUpstream(setup, WARM_UP_ROUNDS * options.orders);
    report('the upstream is warm');
  }
  for (let round = 0; round < rounds; round++) {
    const reportRound = (way: string, what: string): void =>
      report(`round ${round + 1} of ${rounds}, ${way}: ${what}`);
    for (const way of parts.includes('settle') ? rotate(ways, round) : []) {
      signal.throwIfAborted();
      const measurement = await measureSettle(way, setup, options.orders);
      settle.push({ round, way, measurement });
      reportRound(way, `${figure(measurement.orders_per_second)} orders/s`);
    }
    for (const way of parts.includes('queue') ? rotate(QUEUE_WAYS, round) : []) {
      signal.throwIfAborted();
      const measurement = await measureQueue(way, setup, options.jobs);
      queue.push({ round, way, measurement });
      reportRound(way, `${figure(measurement.jobs_per_second)} jobs/s`);
    }
    const pickUpWays = (['worker', ...PEERS] as const).filter((way) => ways.includes(way));
    for (const way of parts.includes('pick-up') ? rotate(pickUpWays, round) : []) {
      signal.throwIfAborted();
      const measurement = await measurePickUp(way, setup, options.samples);
      pickUp.push({ round, way, measurement });
      reportRound(way, `a lone job after ${figure(measurement.p50_ms)} ms`);
    }
  }
  return { settle, queue, pick_up: pickUp };
}
