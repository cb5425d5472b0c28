import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import type { ChargeLimits } from '@cashback/core';
import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import { createHttpClient, createHttpServer, createLoop, listen, withTimeout } from '@cashback/service';
import type { AppContext, HttpClientOptions, Log, RunningApp } from '@cashback/service';
import { createChargeHandler } from './schedule/cashback-charge-processing.ts';
import { createCharger } from './reconcile/reconciler.ts';
import type { WorkerContext } from './context.ts';
import type { Settings } from './env.ts';
import { receiveOperationCallback } from './schedule/operation-callback.ts';
import { startPoller } from './schedule/poll-orders.ts';
import { sweepOrders } from './schedule/sweep-orders.ts';

const ROLE = 'cashback_worker';
const DATABASE_WAIT_MS = 10_000;
/** Who waits longer for an order's lock lets the others of its batch go on without it. */
const LOCK_TIMEOUT_MS = 1_000;
/** What runs may go on for so long after the worker was told to stop, then its calls are given up. */
const DRAIN_MS = 8_000;
/** Recording that they were. */
const GIVE_UP_MS = 3_000;

/**
 * Starts the worker: the queue `cashback_charge_processing`, the polls and the sweep for forgotten orders,
 * `/callbacks/operation` and `/health`. Throws an expected error when the database cannot be used; `transactions` may
 * come up later.
 */
export async function startWorker(settings: Settings, { log, name }: AppContext): Promise<RunningApp> {
  const { database_url: url } = settings;
  const connection = { role: ROLE, application_name: name, log_error: logError };
  function logError(error: Error): void {
    log.error({ err: error }, 'database or queue failed');
  }

  await waitForDatabase({ url, timeout_ms: DATABASE_WAIT_MS });
  const jobs = await startJobs({
    ...connection,
    database_url: url,
    jobs_schema: CASHBACK_JOBS_SCHEMA,
    queues: [chargeQueue],
    log_warning: (message, data) => log.warn({ data }, message),
  });
  const stopping = new AbortController();
  const givingUp = new AbortController();
  const context: WorkerContext = {
    database: openDatabase({
      ...connection,
      url,
      max_connections: settings.max_connections,
      lock_timeout_ms: LOCK_TIMEOUT_MS,
    }),
    jobs,
    transactions: createHttpClient(upstreamOf(settings, log)),
    limits: limitsOf(settings),
    log,
    stopping: stopping.signal,
    givingUp: givingUp.signal,
  };
  const charger = createCharger(context, {
    group_size: settings.batch_size,
    max_in_flight: settings.max_in_flight,
    onDue: () => poller.wake(),
  });
  const { poll_interval_ms: interval_ms, poll_lease_ms: lease_ms, batch_size } = settings;
  const poller = startPoller(context, charger, { interval_ms, lease_ms, batch_size });
  const sweep = { grace_ms: settings.sweep_grace_ms, page_size: settings.sweep_page_size };
  const sweeper = createLoop({
    name: 'sweep',
    log,
    interval_ms: settings.sweep_interval_ms,
    run: () => sweepOrders(context, sweep),
  });
  const server = createHttpServer({
    name,
    explain: explainDatabaseError,
    log,
    tokens: [],
    health: async () => {
      await context.database.pool.query('SELECT 1 FROM cashback.order_clears LIMIT 1');
      return { upstreams: { transactions: context.transactions.state() } };
    },
  });
  receiveOperationCallback(server, { poller, log, secret: settings.operation_callback_secret });

  async function stop(): Promise<void> {
    stopping.abort();
    const drained = setTimeout(() => givingUp.abort(), DRAIN_MS);
    const taking = Promise.all([poller.stop(), jobs.stop({ timeout_ms: DRAIN_MS })]);
    // The queue takes back what is not done in time, but what began with it may still run.
    const charging = withTimeout(
      taking.then(() => charger.idle()),
      DRAIN_MS + GIVE_UP_MS,
      () => log.warn('orders that are being charged are left behind'),
    );
    await Promise.all([server.close(), sweeper.stop(), charging]);
    clearTimeout(drained);
    await context.transactions.close();
    await context.database.close();
  }
  try {
    await jobs.work(
      chargeQueue,
      {
        batch_size,
        concurrency: settings.batch_concurrency,
        poll_seconds: settings.queue_poll_ms / 1_000,
      },
      createChargeHandler(context, charger, { lease_ms, poller }),
    );
    return { url: await listen(server, settings), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function upstreamOf(settings: Settings, log: Log): HttpClientOptions {
  const { transactions_rate_per_second: rate_per_second } = settings;
  return {
    name: 'transactions',
    base_url: settings.transactions_url,
    token: settings.transactions_token,
    timeout_ms: settings.transactions_timeout_ms,
    concurrency: settings.transactions_concurrency,
    // Each order makes one call at a time, and each batch of the queue may have begun when there was room for one order.
    max_waiting: settings.max_in_flight + settings.batch_size * settings.batch_concurrency,
    ...(rate_per_second > 0 && { rate_per_second }),
    circuit: {
      log,
      min_calls: settings.transactions_circuit_calls,
      open_base_ms: settings.transactions_circuit_open_ms,
      open_max_ms: settings.transactions_circuit_open_max_ms,
    },
  };
}

function limitsOf(settings: Settings): ChargeLimits {
  const { poll_base_ms, poll_max_ms, in_flight_poll_ms, failure_base_ms, failure_max_ms } = settings;
  const { max_failures, attention_after_ms } = settings;
  return {
    poll_base_ms,
    poll_max_ms,
    in_flight_poll_ms,
    failure_base_ms,
    failure_max_ms,
    max_failures,
    attention_after_ms,
  };
}
