import { mkdirSync } from 'node:fs';
import { databaseUrl, dropDatabase } from '../database/databases.ts';
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
import { freePort } from './upstream/sink.ts';
import { newSigningSecret, startUpstream } from './upstream/start-upstream.ts';
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
  const { rounds, orders, ways, report } = options;
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

/** Two Postgres servers, so that what the upstream uses is told apart from what the worker and its peers do. */
async function withPlace<Result>(
  options: ChargeOptions,
  redis: BenchRedis | null,
  work: (place: SettlePlace, description: ChargeReport['postgres']) => Promise<Result>,
): Promise<Result> {
  const { database_url, signal } = options;
  const undo: (() => Promise<void>)[] = [];
  mkdirSync(logFolder, { recursive: true });
  try {
    const own = await openPostgres({ url: database_url, name: 'charge', keep: false });
    undo.push(
      () => own.stop(),
      () => dropDatabase(own.url, OWN_DATABASE).catch(() => {}),
    );
    const theirs = await openPostgres({ url: undefined, name: 'charge-upstream', keep: false });
    undo.push(() => theirs.stop());
    const description = await describePostgres(own.url);
    const ownUrl = await createOwnDatabase(own.url);
    const theirUrl = await createOrdersDatabase(theirs.url, UPSTREAM_DATABASE);
    const callbacks = { port: await freePort(), secret: newSigningSecret() };
    const upstream = await startUpstream({
      database_url: databaseUrl(theirs.url, UPSTREAM_DATABASE),
      callbacks: { url: `http://127.0.0.1:${callbacks.port}`, secret: callbacks.secret },
      log_folder: logFolder,
    });
    undo.push(() => upstream.stop());
    return await withClient(ownUrl, async (ownClient) =>
      withClient(theirUrl, async (theirClient) =>
        work(
          {
            database_url: ownUrl,
            transactions: { url: upstream.url, token: upstream.token },
            callbacks,
            redis,
            log_folder: logFolder,
            signal,
            own: { client: ownClient, probe: await createProbe(ownClient) },
            upstream: { client: theirClient, probe: await createProbe(theirClient), pids: upstream.pids },
          },
          description,
        ),
      ),
    );
  } finally {
    for (const one of undo.toReversed()) await one();
  }
}

/** Every way of every part once in each round, in an order that moves on from round to round. */
async function measureRounds(place: SettlePlace, options: ChargeOptions): Promise<ChargeReport['samples']> {
  const { parts, rounds, signal, report } = options;
  const ways = options.ways.filter((way) => way !== 'bullmq' || place.redis !== null);
  const settle: SettleSample[] = [];
  const queue: QueueSample[] = [];
  const pickUp: PickUpSample[] = [];
  if (parts.includes('settle')) {
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
