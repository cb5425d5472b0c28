import { describePostgres } from '../database/describe-postgres.ts';
import { openPostgres } from '../database/open-postgres.ts';
import { type PostgresProbe, createProbe } from '../database/postgres-probe.ts';
import { withClient } from '../database/with-client.ts';
import { describeMachine } from '../measure/machine.ts';
import { rotate } from '../measure/rotate.ts';
import { spreadOf } from '../measure/statistics.ts';
import { figure } from '../report/figures.ts';
import { openOrdersDatabase } from './fill/open-orders-database.ts';
import type { OrdersDatabase } from './fill/orders-database.ts';
import { judge } from './goals.ts';
import { measureCommit } from './measure-commit.ts';
import { measureOnce } from './measure-once.ts';
import type { MeasureOptions } from './measurement.ts';
import { measureMemory } from './memory.ts';
import type { IdForm } from './order-ids.ts';
import { pgbenchVersion } from './plain/pgbench.ts';
import type { RegisterReport } from './report.ts';
import { type Sample, compareSizes, summariseWays } from './summarise.ts';
import type { Way } from './ways.ts';

export interface RegisterOptions {
  /** Sizes of the tables in orders, each a part of the run. */
  orders: readonly number[];
  rounds: number;
  seconds: number;
  /** How long to watch the server's memory; 0 skips it. */
  minutes: number;
  ways: readonly Way[];
  ids: IdForm;
  /** Measures right after a checkpoint instead of between two. */
  after_checkpoint: boolean;
  /** Keeps the filled databases for the next run, and reuses those of an earlier one. */
  keep: boolean;
  database_url: string | undefined;
  report: (what: string) => void;
  signal: AbortSignal;
}

const warmUpSeconds = 3;

/**
 * The whole benchmark, which removes all that it created unless `keep` is set:
 *
 *   fill each size --> rounds of (commit, every way at every size, check the rows) --> memory --> summary, goals
 */
export async function runRegister(options: RegisterOptions): Promise<RegisterReport> {
  const { rounds, seconds, ways, ids, keep, after_checkpoint, report, signal } = options;
  const pgbench = ways.includes('plain') ? await pgbenchVersion() : null;
  const postgres = await openPostgres({ url: options.database_url, name: 'register', keep });
  const databases: OrdersDatabase[] = [];
  try {
    const description = await describePostgres(postgres.url);
    for (const orders of options.orders) {
      const fill = { server_url: postgres.url, orders, form: ids, keep, after_checkpoint, report, signal };
      databases.push(await openOrdersDatabase(fill));
    }
    const { samples, commits_ms } = await withClient(postgres.url, async (client) =>
      measureRounds(await createProbe(client), databases, options),
    );
    const [smallest] = databases.toSorted((a, b) => a.orders - b.orders);
    const memory =
      options.minutes === 0 || smallest === undefined ? null : await watchMemory(smallest, options);
    const summaries = {
      ways: summariseWays(samples),
      size_costs: compareSizes(samples),
      memory,
    };
    return {
      machine: describeMachine(),
      postgres: description,
      pgbench,
      ids,
      rounds,
      seconds,
      warm_up_seconds: warmUpSeconds,
      after_checkpoint,
      commit_ms: spreadOf(commits_ms),
      ...summaries,
      goals: judge(summaries),
      samples,
    };
  } finally {
    for (const database of databases) await database.drop().catch(() => {});
    await postgres.stop();
  }
}

/** Measures every way once at every size in each round, starting with another way each time. */
async function measureRounds(
  postgres: PostgresProbe,
  databases: readonly OrdersDatabase[],
  options: RegisterOptions,
): Promise<{ samples: Sample[]; commits_ms: number[] }> {
  const { rounds, ways, report, signal } = options;
  const measure: MeasureOptions = {
    form: options.ids,
    lengths: { warm_up_seconds: warmUpSeconds, seconds: options.seconds },
    postgres,
    signal,
  };
  const samples: Sample[] = [];
  const commits_ms: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const database of rotate(databases, round)) {
      commits_ms.push(await measureCommit(await database.prepare()));
      for (const way of rotate(ways, round)) {
        signal.throwIfAborted();
        const measurement = await measureOnce(database, way, measure);
        const { orders } = database;
        samples.push({ round, orders, way, measurement });
        report(
          `round ${round + 1} of ${rounds}, ${orders.toLocaleString('en')} orders, ${way}: ` +
            `${figure(measurement.orders_per_second)} orders/s`,
        );
      }
    }
  }
  return { samples, commits_ms };
}

function watchMemory(database: OrdersDatabase, options: RegisterOptions): ReturnType<typeof measureMemory> {
  options.report(`watching the server's memory for ${options.minutes} minutes`);
  return measureMemory(database, { minutes: options.minutes, form: options.ids, signal: options.signal });
}
