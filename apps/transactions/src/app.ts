import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import {
  type AppContext,
  type RunningApp,
  createHttpServer,
  createReadiness,
  listen,
  startParts,
} from '@cashback/service';
import { createAdopter } from './cashback/adopt/adopt-history.ts';
import { checkComparedEpoch } from './cashback/adopt/check-compared-epoch.ts';
import { adoptionLag, walkUnadopted } from './cashback/adopt/walk-unadopted.ts';
import { workOnOperations } from './cashback/advance/cashback-operation.ts';
import { JOBS_SCHEMA, operationQueue } from './cashback/operation-queue.ts';
import { sweepOperations } from './cashback/advance/sweep-operations.ts';
import type { Settings } from './env.ts';
import { addRoutes } from './routes.ts';
import { sendCallbacks } from './callbacks/send-callbacks.ts';

const ROLE = 'cashback_transactions';
const DATABASE_WAIT_MS = 10_000;
const QUEUE_CONNECTIONS = 4;
const STOP_JOBS_MS = 5_000;

/** Starts the app. Throws an expected error when the database cannot be used or the port is taken. */
export function startTransactions(
  settings: Settings,
  context: AppContext,
): Promise<RunningApp & { url: string }> {
  return startParts((parts) => start(parts, settings, context));
}

async function start(
  parts: AsyncDisposableStack,
  settings: Settings,
  { log, name }: AppContext,
): Promise<string> {
  const { database_url: url } = settings;
  const connection = {
    role: ROLE,
    application_name: name,
    log_error: (error: Error): void => log.error({ err: error }, 'database connection failed'),
  };
  const readiness = createReadiness();
  await waitForDatabase({ url, timeout_ms: DATABASE_WAIT_MS });
  const database = openDatabase({ ...connection, url, max_connections: settings.max_connections });
  readiness.addPool('database', database.connections);
  parts.defer(() => database.close());
  const callbacks = sendCallbacks({ database, settings, log, readiness });
  parts.defer(() => callbacks.stop());
  const jobs = await startJobs({
    ...connection,
    database_url: url,
    jobs_schema: JOBS_SCHEMA,
    queues: [operationQueue],
    max_connections: QUEUE_CONNECTIONS,
  });
  readiness.addPool('jobs', jobs.connections);
  parts.defer(() => jobs.stop({ timeout_ms: STOP_JOBS_MS }));
  await checkComparedEpoch(database.pool, settings);
  const changed = (): void => callbacks.wake('invoice.changed');
  const finished = (): void => callbacks.wake('operation.finished');
  const operations = await workOnOperations({ database, jobs, log, settings, finished });
  parts.defer(() => operations.stop());
  const sweeper = sweepOperations({
    database,
    jobs,
    log,
    readiness,
    interval_ms: settings.sweep_interval_ms,
    overdue_ms: settings.overdue_after_ms,
  });
  parts.defer(() => sweeper.stop());
  const adopter = createAdopter({ database, settings, log });
  parts.defer(() => adopter.close());
  if (settings.trust_lists_baskets === 'yes') {
    const walk = walkUnadopted({ database, adopter, settings, log, readiness });
    parts.defer(() => walk.stop());
  }

  const server = createHttpServer({
    name,
    explain: explainDatabaseError,
    log,
    tokens: settings.bearer_tokens,
    readiness,
    health: async () => {
      return { adoption: await adoptionLag(database) };
    },
  });
  const { wallet_policies } = settings;
  const { adopt } = adopter;
  const compared = settings.trust_lists_baskets === 'yes' ? null : settings.trust_compared_epoch;
  addRoutes(server, { database, jobs, wallet_policies, compared, adopt, changed, finished });
  parts.defer(() => server.close());
  parts.defer(() => readiness.stop());
  return listen(server, settings);
}
