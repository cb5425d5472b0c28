import { CASHBACK_JOBS_SCHEMA, chargeQueue, loadAuditLag } from '@cashback/cashback-db';
import type { ChargeLimits } from '@cashback/core';
import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import { createHttpServer, createReadiness, listen, startParts } from '@cashback/service';
import type { AppContext, HttpServer, RunningApp } from '@cashback/service';
import type { WorkerContext } from './context.ts';
import { DRAIN_MS, type Stop, drain } from './drain.ts';
import type { Settings } from './env.ts';
import type { ChangesFollower } from './schedule/follow/follow-changes.ts';
import { createReconciler } from './reconcile/reconciler.ts';
import { createChargeHandler } from './schedule/cashback-charge-processing.ts';
import { receiveBalanceCallback } from './schedule/balance-callback.ts';
import { receiveOperationCallback } from './schedule/operation-callback.ts';
import { type Schedule, createSchedule } from './schedule/schedule.ts';
import { startLoops } from './schedule/start-loops.ts';
import { openTransactions } from './upstream/transactions.ts';

const ROLE = 'cashback_worker';
const DATABASE_WAIT_MS = 10_000;
/** After waiting this long for an order's lock, a batch goes on without that order. */
const LOCK_TIMEOUT_MS = 1_000;

/**
 * Starts the worker: the queue `cashback_charge_processing`, the polls, the sweep, the audits, the feed of changed cashback,
 * `/callbacks/operation`, `/callbacks/balance` and `/health`. Throws an expected error when the database cannot be used; `transactions` may come up later.
 */
export function startWorker(settings: Settings, context: AppContext): Promise<RunningApp> {
  return startParts((parts) => start(parts, settings, context));
}

async function start(parts: AsyncDisposableStack, settings: Settings, app: AppContext): Promise<string> {
  const stop: Stop = { stopping: new AbortController(), givingUp: new AbortController() };
  const context = await connect(parts, settings, app, stop);
  const schedule = startSchedule(context, settings);
  const { loops, follower } = startLoops(context, settings);
  const server = createServer(context, settings, { name: app.name, schedule, follower });
  parts.defer(() => drain(stop, { ...context, schedule, server, loops }));
  await takeJobs(context, settings, schedule);
  return listen(server, settings);
}

/** The database, `transactions` and the queue. */
async function connect(
  parts: AsyncDisposableStack,
  settings: Settings,
  { log, name }: AppContext,
  { stopping, givingUp }: Stop,
): Promise<WorkerContext> {
  const { database_url: url, max_connections } = settings;
  const logError = (error: Error): void => log.error({ err: error }, 'database or queue failed');
  const connection = { role: ROLE, application_name: name, log_error: logError };
  const readiness = createReadiness();
  await waitForDatabase({ url, timeout_ms: DATABASE_WAIT_MS });
  const database = openDatabase({ ...connection, url, max_connections, lock_timeout_ms: LOCK_TIMEOUT_MS });
  readiness.addPool('database', database.connections);
  parts.defer(() => database.close());
  const transactions = openTransactions(settings, log, givingUp.signal);
  parts.defer(() => transactions.close());
  const jobs = await startJobs({
    ...connection,
    database_url: url,
    jobs_schema: CASHBACK_JOBS_SCHEMA,
    queues: [chargeQueue],
    log_warning: (message, data) => log.warn({ data }, message),
  });
  readiness.addPool('jobs', jobs.connections);
  // A start may fail before there is anything to drain. Otherwise the drain has stopped them.
  parts.defer(async () => {
    if (!stopping.signal.aborted) await jobs.stop({ timeout_ms: DRAIN_MS });
  });
  const limits = limitsOf(settings);
  return {
    database,
    jobs,
    transactions,
    limits,
    audits: settings,
    log,
    readiness,
    stopping: stopping.signal,
  };
}

function startSchedule(context: WorkerContext, settings: Settings): Schedule {
  const { batch_size, max_in_flight } = settings;
  return createSchedule(context, createReconciler(context, { batch_size }), {
    interval_ms: settings.poll_interval_ms,
    lease_ms: settings.poll_lease_ms,
    batch_size,
    max_in_flight,
  });
}

/** `/health` and the callbacks. */
function createServer(
  { database, transactions, log, readiness }: WorkerContext,
  settings: Settings,
  { name, schedule, follower }: { name: string; schedule: Schedule; follower: ChangesFollower },
): HttpServer {
  const server = createHttpServer({
    name,
    explain: explainDatabaseError,
    log,
    tokens: [],
    readiness,
    health: async () => {
      return {
        upstreams: { transactions: transactions.state() },
        feeds: { cashback_changes: follower.state() },
        audit: await loadAuditLag(database.pool),
      };
    },
  });
  receiveOperationCallback(server, { schedule, log, secret: settings.operation_callback_secret });
  if (settings.billing_callback_secret !== undefined)
    receiveBalanceCallback(server, { database, log }, settings.billing_callback_secret);
  return server;
}

function takeJobs(context: WorkerContext, settings: Settings, schedule: Schedule): Promise<void> {
  const { batch_size, batch_concurrency: concurrency, queue_poll_ms } = settings;
  const options = { batch_size, concurrency, poll_seconds: queue_poll_ms / 1_000 };
  return context.jobs.work(chargeQueue, options, createChargeHandler(context, schedule));
}

function limitsOf(settings: Settings): ChargeLimits {
  const { poll_base_ms, poll_max_ms, in_flight_poll_ms, failure_base_ms, failure_max_ms } = settings;
  const { max_failures, attention_after_ms, attention_poll_ms, attention_poll_max_ms } = settings;
  return {
    poll_base_ms,
    poll_max_ms,
    in_flight_poll_ms,
    failure_base_ms,
    failure_max_ms,
    max_failures,
    attention_after_ms,
    attention_poll_ms,
    attention_poll_max_ms,
  };
}
