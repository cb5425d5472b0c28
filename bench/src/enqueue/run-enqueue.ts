import { dropDatabase, recreateDatabase } from '../database/databases.ts';
import { describePostgres } from '../database/describe-postgres.ts';
import { openPostgres } from '../database/open-postgres.ts';
import { findPostgresCpu } from '../database/postgres-cpu.ts';
import { withClient } from '../database/with-client.ts';
import { describeMachine } from '../measure/machine.ts';
import { rotate } from '../measure/rotate.ts';
import { figure } from '../report/figures.ts';
import { migrate, migrationsFolder } from '@cashback/postgres';
import { measureEnqueue } from './measure-enqueue.ts';
import { createQueues, emptyQueues, partitionedQueue, sharedQueue, tableOf } from './queues.ts';
import { type EnqueueReport, type EnqueueSample, summariseEnqueue } from './report.ts';
import { createWays } from './ways.ts';

export interface EnqueueOptions {
  /** Jobs in a transaction; each size is a part of the run. */
  sizes: readonly number[];
  connections: number;
  rounds: number;
  seconds: number;
  database_url: string | undefined;
  report: (what: string) => void;
  signal: AbortSignal;
}

const databaseName = 'cashback_bench_enqueue';

export async function runEnqueue(options: EnqueueOptions): Promise<EnqueueReport> {
  const { connections, rounds, seconds } = options;
  const postgres = await openPostgres({ url: options.database_url, name: 'enqueue', keep: false });
  try {
    const description = await describePostgres(postgres.url);
    const url = await recreateDatabase(postgres.url, databaseName);
    await migrate({ url, folder: migrationsFolder });
    const samples = await measureRounds(url, options);
    return {
      machine: describeMachine(),
      postgres: description,
      connections,
      rounds,
      seconds,
      ways: summariseEnqueue(samples),
      samples,
    };
  } finally {
    await dropDatabase(postgres.url, databaseName).catch(() => {});
    await postgres.stop();
  }
}

/** A notification without a listener would cost less, so the notifying pg-boss listens itself. */
async function measureRounds(url: string, options: EnqueueOptions): Promise<EnqueueSample[]> {
  const { sizes, connections, rounds, seconds, report, signal } = options;
  return withClient(url, async (client) => {
    await createQueues(url, client);
    const tables = {
      shared: await tableOf(client, sharedQueue),
      partitioned: await tableOf(client, partitionedQueue),
    };
    const postgres = await findPostgresCpu(client);
    const { ways, stop } = await createWays({ url, tables, log_error: (error) => report(error.message) });
    const samples: EnqueueSample[] = [];
    try {
      for (let round = 0; round < rounds; round++) {
        for (const size of sizes) {
          for (const way of rotate(ways, round)) {
            signal.throwIfAborted();
            await emptyQueues(client);
            await client.query('CHECKPOINT');
            const measurement = await measureEnqueue(way, { url, size, connections, seconds, postgres });
            const { name, wakeup } = way;
            samples.push({ round, size, way: name, wakeup, measurement });
            report(
              `round ${round + 1} of ${rounds}, ${size} jobs per transaction, ${name}, ${wakeup}: ` +
                `${figure(measurement.jobs_per_second)} jobs/s`,
            );
          }
        }
      }
    } finally {
      await stop();
    }
    return samples;
  });
}
