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
import { type SettlePlace, measureSettle, warmUpstream } from './settle/measure-settle.ts';
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
  /** Measured in one go of one way. */
  orders: number;
  /** Of the queue's part, in one go. */
  jobs: number;
  /** Lone jobs of one way in a round. */
  samples: number;
  /** Orders that wait before the worker starts; 0 leaves that out. */
  queued: number;
  /** Instead of `transactions` and what is behind it. */
  stand_in: boolean;
  database_url: string | undefined;
  redis_url: string | undefined;
  report: (what: string) => void;
  signal: AbortSignal;
}

/** The upstream's warm-up is as many times as long as a measurement. */
const WARM_UP_ROUNDS = 2;
const UPSTREAM_DATABASE = 'cashback_bench_upstream';

/** Measures and judges. Whatever it made is gone afterwards. */
export async function runCharge(options: ChargeOptions): Promise<ChargeReport> {
  const { rounds, orders, ways, stand_in, report } = options;
  const redis = ways.includes('bullmq') ? await openRedis(options.redis_url) : null;
  if (redis === null && ways.includes('bullmq')) {
    report('BullMQ is skipped: give --redis-url, or install redis-server');
  }
  try {
    return await withPlace(options, redis, async (place, description) => {
      const samples = await measureRounds(place, options);
      const backlog =
        options.queued === 0 || !options.parts.includes('backlog')
          ? []
          : await measureBacklog(place, { orders: options.queued, report });
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

async function withPlace<Result>(
  { database_url, stand_in, signal }: ChargeOptions,
  redis: BenchRedis | null,
  work: (place: SettlePlace, description: ChargeReport['postgres']) => Promise<Result>,
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
    const told = { url: `http://127.0.0.1:${callbacks.port}`, secret: callbacks.secret };
    const upstream = stand_in ? await openStandIn(told) : await openUpstream(told);
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
type ProbedDatabase = NonNullable<SettlePlace['upstream']['database']>;

async function openStandIn(callbacks: Callbacks): Promise<OpenUpstream> {
  const app = await startStandInProcess(callbacks);
  return { app, database_url: null, stop: app.stop };
}

/** With a Postgres server of its own, so that what it uses is told apart from what the worker and its peers do. */
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

/** Every way of every part once in each round, in an order that moves on from round to round. */
async function measureRounds(place: SettlePlace, options: ChargeOptions): Promise<ChargeReport['samples']> {
  const { parts, rounds, signal, report } = options;
  const ways = options.ways.filter((way) => way !== 'bullmq' || place.redis !== null);
  const settle: SettleSample[] = [];
  const queue: QueueSample[] = [];
  const pickUp: PickUpSample[] = [];
  if (parts.includes('settle') && !options.stand_in) {
    await warmUpstream(place, WARM_UP_ROUNDS * options.orders);
    report('the upstream is warm');
  }
  for (let round = 0; round < rounds; round++) {
    const tell = (way: string, what: string): void =>
      report(`round ${round + 1} of ${rounds}, ${way}: ${what}`);
    for (const way of parts.includes('settle') ? rotate(ways, round) : []) {
      signal.throwIfAborted();
      const measurement = await measureSettle(way, place, options.orders);
      settle.push({ round, way, measurement });
      tell(way, `${figure(measurement.orders_per_second)} orders/s`);
    }
    for (const way of parts.includes('queue') ? rotate(QUEUE_WAYS, round) : []) {
      signal.throwIfAborted();
      const measurement = await measureQueue(way, place, options.jobs);
      queue.push({ round, way, measurement });
      tell(way, `${figure(measurement.jobs_per_second)} jobs/s`);
    }
    const pickers = (['worker', ...PEERS] as const).filter((way) => ways.includes(way));
    for (const way of parts.includes('pick-up') ? rotate(pickers, round) : []) {
      signal.throwIfAborted();
      const measurement = await measurePickUp(way, place, options.samples);
      pickUp.push({ round, way, measurement });
      tell(way, `a lone job after ${figure(measurement.p50_ms)} ms`);
    }
  }
  return { settle, queue, pick_up: pickUp };
}
