import { CASHBACK_JOBS_SCHEMA, chargeQueue, loadEventsHorizon } from '@cashback/cashback-db';
import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import {
  type AppContext,
  type RunningApp,
  createHttpServer,
  createReadiness,
  listen,
  startParts,
} from '@cashback/service';
import type { Settings } from './env.ts';
import { createServices } from './services.ts';
import { serveRouter } from './http/serve-router.ts';

const ROLE = 'cashback_server';
const DATABASE_WAIT_MS = 10_000;
const QUEUE_CONNECTIONS = 2;
const STOP_JOBS_MS = 5_000;

/** Starts the server: tRPC under `/trpc`, and `/health`. Throws an expected error when the database is not usable. */
export function startServer(settings: Settings, context: AppContext): Promise<RunningApp> {
  return startParts((parts) => start(parts, settings, context));
}

async function start(
  parts: AsyncDisposableStack,
  settings: Settings,
  { log, name }: AppContext,
): Promise<string> {
  const { database_url: url, bearer_tokens: tokens } = settings;
  const connection = { role: ROLE, application_name: name, log_error: logError };
  function logError(error: Error): void {
    log.error({ err: error }, 'database connection failed');
  }

  const readiness = createReadiness();
  await waitForDatabase({ url, timeout_ms: DATABASE_WAIT_MS });
  const database = openDatabase({ ...connection, url, max_connections: settings.max_connections });
  readiness.addPool('database', database.connections);
  parts.defer(() => database.close());
  const registering = openDatabase({
    ...connection,
    url,
    // Batches, and the single calls of failed batches beside them.
    max_connections: 2 * settings.register_concurrency,
    lock_timeout_ms: settings.register_lock_timeout_ms,
  });
  readiness.addPool('register', registering.connections);
  parts.defer(() => registering.close());
  const jobs = await startJobs({
    ...connection,
    database_url: url,
    jobs_schema: CASHBACK_JOBS_SCHEMA,
    queues: [chargeQueue],
    max_connections: QUEUE_CONNECTIONS,
    // The server works on no jobs, so there is nothing to wake.
    listen: false,
  });
  readiness.addPool('jobs', jobs.connections);
  parts.defer(() => jobs.stop({ timeout_ms: STOP_JOBS_MS }));

  const server = createHttpServer({
    name,
    explain: explainDatabaseError,
    log,
    tokens,
    body_limit_bytes: settings.body_limit_bytes,
    readiness,
    health: async () => void (await loadEventsHorizon(database.pool)),
  });
  serveRouter(server, {
    services: createServices({
      database,
      register: {
        database: registering,
        jobs,
        breaker: settings.breaker,
        group_size: settings.register_group_size,
        concurrency: settings.register_concurrency,
        max_pending: settings.register_max_pending,
        max_pending_per_order: settings.register_max_pending_per_order,
      },
      log,
      call_timeout_ms: settings.call_timeout_ms,
    }),
    tokens,
    log,
    max_batch_size: settings.max_batch_size,
  });
  parts.defer(() => server.close());
  parts.defer(() => readiness.stop());
  return listen(server, settings);
}
