import { CASHBACK_JOBS_SCHEMA, chargeQueue, loadAuditLag } from '@cashback/cashback-db';
import type { ChargeLimits } from '@cashback/core';
import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import { createHttpServer, createLoop, createReadiness, listen, startParts } from '@cashback/service';
import { withTimeout } from '@cashback/timing';
import type { AppContext, RunningApp } from '@cashback/service';
import type { WorkerContext } from './context.ts';
import type { Settings } from './env.ts';
import { auditOrders } from './schedule/audit/audit-orders.ts';
import { planMissingAudits } from './schedule/audit/plan-audits.ts';
import { followChanges } from './schedule/follow/follow-changes.ts';
import { createReconciler } from './reconcile/reconciler.ts';
import { createChargeHandler } from './schedule/cashback-charge-processing.ts';
import { receiveBalanceCallback } from './schedule/balance-callback.ts';
import { receiveOperationCallback } from './schedule/operation-callback.ts';
import { createSchedule } from './schedule/schedule.ts';
import { sweepOrders } from './schedule/sweep-orders.ts';
import { openTransactions } from './upstream/transactions.ts';

const ROLE = 'cashback_worker';
const DATABASE_WAIT_MS = 10_000;
/** After waiting this long for an order's lock, a batch goes on without that order. */
const LOCK_TIMEOUT_MS = 1_000;
/** How long running steps may go on after a stop begins. Then their calls are given up. */
const DRAIN_MS = 8_000;
/** Time to record the calls that were given up. */
const GIVE_UP_MS = 3_000;

/**
 * Starts the worker: the queue `cashback_charge_processing`, the polls, the sweep, the audits, the feed of changed cashback,
 * `/callbacks/operation`, `/callbacks/balance` and `/health`. Throws an expected error when the database cannot be used; `transactions` may come up later.
 */
export function startWorker(settings: Settings, context: AppContext): Promise<RunningApp> {
  return startParts((parts) => start(parts, settings, context));
}

async function start(
  parts: AsyncDisposableStack,
  settings: Settings,
  { log, name }: AppContext,
): Promise<string> {
  const { database_url: url, batch_size } = settings;
  const connection = { role: ROLE, application_name: name, log_error: logError };
  function logError(error: Error): void {
    log.error({ err: error }, 'database or queue failed');
  }

  const readiness = createReadiness();
  await waitForDatabase({ url, timeout_ms: DATABASE_WAIT_MS });
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const database = openDatabase({
    ...connection,
    url,
    max_connections: settings.max_connections,
    lock_timeout_ms: LOCK_TIMEOUT_MS,
  });
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
  let drains = false;
  // A start may fail before there is anything to drain.
  parts.defer(async () => {
    if (!drains) await jobs.stop({ timeout_ms: DRAIN_MS });
  });
  const context: WorkerContext = {
    database,
    jobs,
    transactions,
    limits: limitsOf(settings),
    audits: settings,
    log,
    readiness,
    stopping: stopping.signal,
  };
  const schedule = createSchedule(context, createReconciler(context, { batch_size }), {
    interval_ms: settings.poll_interval_ms,
    lease_ms: settings.poll_lease_ms,
    batch_size,
    max_in_flight: settings.max_in_flight,
  });
  const sweep = {
    grace_ms: settings.sweep_grace_ms,
    page_size: settings.sweep_page_size,
    job_max_age_ms: settings.sweep_job_max_age_ms,
  };
  const sweeper = createLoop({
    name: 'sweep',
    log,
    readiness,
    interval_ms: settings.sweep_interval_ms,
    run: async (signal) => {
      const more = await sweepOrders(context, sweep, signal);
      return (await planMissingAudits(context, { page_size: sweep.page_size })) || more;
    },
  });
  const page_size = Math.ceil((settings.audit_rate_per_second * settings.audit_interval_ms) / 1_000);
  const auditing = createLoop({
    name: 'audit',
    log,
    readiness,
    interval_ms: settings.audit_interval_ms,
    run: () => auditOrders(context, { page_size }),
  });
  const follower = followChanges(context, {
    page_size: settings.cashback_feed_page_size,
    absent_ms: settings.cashback_feed_absent_ms,
    lag_bound_ms: settings.cashback_feed_lag_bound_ms,
    restore_window_ms: settings.restore_window_ms,
  });
  const following = createLoop({
    name: 'follow',
    log,
    readiness,
    interval_ms: settings.cashback_feed_interval_ms,
    run: (signal) => follower.turn(signal),
  });
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

  /** These stop together: what a step still needs is there until it has ended. */
  async function drain(): Promise<void> {
    drains = true;
    stopping.abort();
    readiness.stop();
    const drained = setTimeout(() => givingUp.abort(), DRAIN_MS);
    const claiming = Promise.all([schedule.stop(), jobs.stop({ timeout_ms: DRAIN_MS })]);
    // The queue takes back jobs that are not done in time, but the steps that they began may still run.
    const running = withTimeout(
      claiming.then(() => schedule.idle()),
      DRAIN_MS + GIVE_UP_MS,
      () => log.warn('running steps are left behind'),
    );
    try {
      await Promise.all([server.close(), sweeper.stop(), auditing.stop(), following.stop(), running]);
    } finally {
      clearTimeout(drained);
    }
  }
  parts.defer(drain);
  await jobs.work(
    chargeQueue,
    {
      batch_size,
      concurrency: settings.batch_concurrency,
      poll_seconds: settings.queue_poll_ms / 1_000,
    },
    createChargeHandler(context, schedule),
  );
  return listen(server, settings);
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
