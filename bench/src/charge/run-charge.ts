import { mkdirSync } from 'node:fs';
import { freePort } from '@cashback/system/free-ports';
import { dropDatabase } from '../database/databases.ts';
import { describePostgres } from '../database/describe-postgres.ts';
import { logFolder, openPostgres } from '../database/open-postgres.ts';
import { createProbe } from '../database/postgres-probe.ts';
import { withClient } from '../database/with-client.ts';
import { describeMachine } from '../measure/machine.ts';
import { rotate } from '../measure/rotate.ts';
import { createOrdersDatabase } from '../register/fill/create-database.ts';
import { figure } from '../report/figures.ts';
import { measureBacklog } from './backlog/measure-backlog.ts';
import { OWN_DATABASE, createOwnDatabase } from './fill/own-database.ts';
import { judge } from './goals.ts';
import { measurePickUp } from './pick-up/measure-pick-up.ts';
import { measureQueue } from './queue/measure-queue.ts';
import { QUEUE_WAYS } from './queue/messages.ts';
import type { ChargeReport } from './report.ts';
import { type SettleSetup, measureSettle, warmUpstream } from './settle/measure-settle.ts';
import {
  type PickUpSample,
  type QueueSample,
  type SettleSample,
  summarisePickUp,
  summariseQueue,
  summariseSettle,
} from './summarise.ts';
import { type BenchRedis, openRedis } from './upstream/redis.ts';
import { startStandInProcess } from './upstream/stand-in-process.ts';
import { type Upstream, newSigningSecret, startUpstream } from './upstream/start-upstream.ts';
import { PEERS, type Part, type Way } from './ways.ts';

export interface ChargeOptions {
  parts: readonly Part[];
  ways: readonly Way[];
  rounds: number;
  /** Orders of one measurement. */
  orders: number;
  /** Jobs of one measurement of the queue part. */
  jobs: number;
  /** Lone jobs of one way per round. */
  samples: number;
  /** Orders that wait before the worker starts; 0 skips the backlog. */
  queued: number;
  /** Settles against a stand-in instead of `transactions` and Trust. */
  stand_in: boolean;
  database_url: string | undefined;
  redis_url: string | undefined;
  report: (what: string) => void;
  signal: AbortSignal;
}

/** The upstream's warm-up has this multiple of a measurement's orders. */
const WARM_UP_ROUNDS = 2;
const UPSTREAM_DATABASE = 'cashback_bench_upstream';

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

async function withSetup<Result>(
  { database_url, stand_in, signal }: ChargeOptions,
  redis: BenchRedis | null,
  work: (setup: SettleSetup, description: ChargeReport['postgres']) => Promise<Result>,
): Promise<Result> {
  const undo: (() => Promise<void>)[] = [];
  mkdirSync(logFolder, { recursive: true });
  try {
    const server = await openPostgres({ url: database_url, name: 'charge', keep: false });
    undo.push(
      () => server.stop(),
      () => dropDatabase(server.url, OWN_DATABASE).catch(() => {}),
    );
    const description = await describePostgres(server.url);
    const url = await createOwnDatabase(server.url);
    const callbacks = { port: await freePort(), secret: newSigningSecret() };
    const receiver = { url: `http://127.0.0.1:${callbacks.port}`, secret: callbacks.secret };
    const upstream = stand_in ? await openStandIn(receiver) : await openUpstream(receiver);
    undo.push(() => upstream.stop());
    return await withClient(url, async (client) => {
      const own = { client, probe: await createProbe(client) };
      return withProbe(upstream.database_url, (database) =>
        work(
          {
            database_url: url,
            transactions: upstream.app,
            callbacks,
            redis,
            log_folder: logFolder,
            signal,
            own,
            upstream: { pids: upstream.app.pids, database },
          },
          description,
        ),
      );
    });
  } finally {
    for (const one of undo.toReversed()) await one();
  }
}

interface OpenUpstream {
  app: Upstream;
  database_url: string | null;
  stop(): Promise<void>;
}

type Callbacks = { url: string; secret: string };
type ProbedDatabase = NonNullable<SettleSetup['upstream']['database']>;

async function openStandIn(callbacks: Callbacks): Promise<OpenUpstream> {
  const app = await startStandInProcess(callbacks);
  return { app, database_url: null, stop: app.stop };
}

/** With a Postgres server of its own, to separate its usage from that of the worker and its peers. */
async function openUpstream(callbacks: Callbacks): Promise<OpenUpstream> {
  const postgres = await openPostgres({ url: undefined, name: 'charge-upstream', keep: false });
  try {
    const database_url = await createOrdersDatabase(postgres.url, UPSTREAM_DATABASE);
    const app = await startUpstream({ database_url, callbacks, log_folder: logFolder });
    const stop = async (): Promise<void> => {
      await app.stop();
      await postgres.stop();
    };
    return { app, database_url, stop };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function withProbe<Result>(
  url: string | null,
  work: (database: ProbedDatabase | null) => Promise<Result>,
): Promise<Result> {
  if (url === null) return work(null);
  return withClient(url, async (client) => work({ client, probe: await createProbe(client) }));
}

/** Measures every way of every part once in each round, starting with another way each time. */
async function measureRounds(setup: SettleSetup, options: ChargeOptions): Promise<ChargeReport['samples']> {
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
