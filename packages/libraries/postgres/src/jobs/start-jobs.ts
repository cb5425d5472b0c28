import { PgBoss } from 'pg-boss';
import type { BackendProfile } from 'pg-boss';
import { asSetupError } from '../errors/database-setup-error.ts';
import type { Connections } from '../connection/connections.ts';
import { openDatabase } from '../connection/database.ts';
import type { Transaction } from '../statements/transaction.ts';
import { bossDatabase } from './boss-database.ts';
import { createQueue } from './create-queue.ts';
import type { Queue } from './define-queue.ts';
import { enqueue } from './enqueue.ts';
import type { JobInput } from './enqueue.ts';
import { findQueued } from './find-queued.ts';
import { work } from './work.ts';
import type { JobHandler, WorkOptions } from './work.ts';

export type JobsSettings = {
  database_url: string;
  /** A role of the owner's, which `migrate` gave the jobs to. */
  role?: string;
  jobs_schema: string;
  /** Every queue this process enqueues to or works on. */
  queues: readonly Queue<unknown>[];
  application_name: string;
  log_error: (error: Error) => void;
  /** Conditions to investigate, such as a long backlog. */
  log_warning?: (message: string, data: object) => void;
  /** Holds a connection that wakes this process's workers the moment a job commits; else they poll. Default true. */
  listen?: boolean;
  /** Connections for the queues' own statements. Default 4. */
  max_connections?: number;
  backend?: BackendProfile;
};

export type Jobs = {
  enqueue<Payload extends object>(
    queue: Queue<Payload>,
    jobs: readonly JobInput<Payload>[],
    transaction?: Transaction,
  ): Promise<void>;
  /** Which of the keys have a job that waits or runs; one that is older than `max_age_ms` counts as none. */
  findQueued(
    queue: Queue<unknown>,
    keys: readonly string[],
    options: { max_age_ms: number },
  ): Promise<Set<string>>;
  connections: Connections;
  work<Payload>(queue: Queue<Payload>, options: WorkOptions, handler: JobHandler<Payload>): Promise<void>;
  /** Takes no new jobs, waits for the running ones up to `timeout_ms`, gives the rest back to the queue. */
  stop(options: { timeout_ms: number }): Promise<void>;
};

const defaultMaxConnections = 4;
const statementTimeoutMs = 60_000;
/**
 * With the heartbeat of a queue, this bounds the delay of the jobs of a killed worker. Each pass also counts all
 * jobs that wait, which a long backlog makes dear: half a second for a million.
 */
const superviseSeconds = 10;
const maintenanceSeconds = 60;
/**
 * pg-boss's statements are meant to walk its indexes a few rows at a time. The planner's statistics of a queue
 * are always out of date: it takes a backlog for a handful of rows, and then each fetch sorts all of them.
 */
const plannerSettings = {
  enable_sort: 'off',
  enable_bitmapscan: 'off',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_material: 'off',
};

/**
 * Starts pg-boss in a schema that `migrate` installed it in. Nothing that goes wrong in the background ends
 * the process: it is reported to `log_error`, and tried again.
 */
export async function startJobs(settings: JobsSettings): Promise<Jobs> {
  const connection = {
    url: settings.database_url,
    application_name: settings.application_name,
    statement_timeout_ms: statementTimeoutMs,
    ...(settings.role === undefined ? {} : { role: settings.role }),
  };
  const database = openDatabase({
    ...connection,
    session: plannerSettings,
    max_connections: settings.max_connections ?? defaultMaxConnections,
    log_error: settings.log_error,
  });
  const boss = new PgBoss({
    db: bossDatabase({
      pool: database.pool,
      listener: connection,
      log_error: settings.log_error,
    }),
    schema: settings.jobs_schema,
    migrate: false,
    createSchema: false,
    schedule: false,
    registerInstance: false,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
    maintenanceIntervalSeconds: maintenanceSeconds,
    useListenNotify: settings.listen ?? true,
    ...(settings.backend === undefined ? {} : { backend: settings.backend }),
  });
  // Without a listener an 'error' event would end the process. pg-boss sends plain objects, too.
  boss.on('error', (error) => settings.log_error(error instanceof Error ? error : describe(error)));
  boss.on('warning', ({ message, data }) => settings.log_warning?.(message, data));
  try {
    await boss.start();
    for (const queue of settings.queues) {
      assertSchema(queue, settings);
      await createQueue(boss, queue);
    }
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {});
    await database.close();
    throw asSetupError(
      `cannot start the jobs of ${settings.application_name} in ${settings.jobs_schema}`,
      error,
    );
  }
  return {
    enqueue: (queue, jobs, transaction) => enqueue(boss, queue, jobs, transaction),
    connections: database.connections,
    findQueued: (queue, keys, options) => findQueued(database.pool, queue, keys, options),
    work: (queue, options, handler) => work(boss, queue, options, handler, settings.log_error),
    stop: async ({ timeout_ms }) => {
      await boss.stop({ graceful: true, timeout: timeout_ms });
      await database.close();
    },
  };
}

function assertSchema(queue: Queue<unknown>, settings: JobsSettings): void {
  if (queue.schema === settings.jobs_schema) return;
  throw new Error(`queue ${queue.name} is defined in ${queue.schema}, not in ${settings.jobs_schema}`);
}

function describe(error: object): Error {
  const message = 'message' in error ? String(error.message) : JSON.stringify(error);
  return Object.assign(new Error(message), error);
}
