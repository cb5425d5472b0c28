import { describeMachine } from '../measure/machine.ts';
import { measureBacklog } from './backlog/measure-backlog.ts';
import { judge } from './goals.ts';
import { measureRounds } from './measure-rounds.ts';
import type { ChargeOptions } from './options.ts';
import type { ChargeReport } from './report.ts';
import { withSetup } from './setup.ts';
import { summarisePickUp, summariseQueue, summariseSettle } from './summarise.ts';
import { openRedis } from './upstream/redis.ts';

/**
 * The whole benchmark, which removes all that it created:
 *
 *   contender (worker or a peer) --> transactions --> Trust        settle, against two Postgres servers
 *   pg-boss or the worker's queue --> a handler that does nothing  queue
 *   contender --> stand-in for transactions                        pick-up, backlog
 */
export async function runCharge(options: ChargeOptions): Promise<ChargeReport> {
  const { rounds, orders, ways, stand_in, report } = options;
  const redis = ways.includes('bullmq') ? await openRedis(options.redis_url) : null;
  if (redis === null && ways.includes('bullmq')) {
    report('BullMQ is skipped: give --redis-url, or install redis-server');
  }
  try {
    return await withSetup(options, redis, async (setup, description) => {
      const samples = await measureRounds(setup, options);
      const backlog =
        options.queued === 0 || !options.parts.includes('backlog')
          ? []
          : await measureBacklog(setup, { orders: options.queued, report });
      const summaries = {
        settle: summariseSettle(samples.settle),
        queue: summariseQueue(samples.queue),
        pick_up: summarisePickUp(samples.pick_up),
        backlog,
      };
      return {
        machine: describeMachine(),
        postgres: description,
        redis: redis?.version ?? null,
        without: ways.includes('bullmq') && redis === null ? ['bullmq'] : [],
        stand_in,
        rounds,
        orders,
        ...summaries,
        goals: judge(summaries),
        samples,
      };
    });
  } finally {
    await redis?.stop();
  }
}
