import { CASHBACK_JOBS_SCHEMA, chargeQueue } from '@cashback/cashback-db';
import type { ChargeLimits } from '@cashback/core';
import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import { createHttpClient, createHttpServer, createLoop, listen } from '@cashback/service';
import type { AppContext, RunningApp } from '@cashback/service';
import { createChargeHandler } from './charge-batch.ts';
import type { WorkerContext } from './context.ts';
import type { Settings } from './env.ts';
import { receiveOperationCallback } from './operation-callback.ts';
import { sweepOrders } from './sweep.ts';

const ROLE = 'cashback_worker';
const DATABASE_WAIT_MS = 10_000;
const STOP_JOBS_MS = 8_000;

/**
 * Starts the worker: the queue `cashback_charge_processing`, the sweep for forgotten orders, `/callbacks/operation`
 * and `/health`. Throws an expected error when the database cannot be used; `transactions` may come up later.
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
  const context: WorkerContext = {
    database: openDatabase({ ...connection, url, max_connections: settings.max_connections }),
    jobs,
    transactions: createHttpClient({
      name: 'transactions',
      base_url: settings.transactions_url,
      token: settings.transactions_token,
      timeout_ms: settings.transactions_timeout_ms,
      concurrency: settings.transactions_concurrency,
    }),
    limits: limitsOf(settings),
    log,
  };
  const server = createHttpServer({
    name,
    explain: explainDatabaseError,
    log,
    tokens: [],
    health: async () => {
      await context.database.pool.query('SELECT 1 FROM cashback.order_clears LIMIT 1');
    },
  });
  receiveOperationCallback(server, context, settings.operation_callback_secret);

  const sweep = { grace_ms: settings.sweep_grace_ms, page_size: settings.sweep_page_size };
  const sweeper = createLoop({
    name: 'sweep',
    log,
    interval_ms: settings.sweep_interval_ms,
    run: () => sweepOrders(context, sweep),
  });
  async function stop(): Promise<void> {
    await server.close();
    await sweeper.stop();
    await jobs.stop({ timeout_ms: STOP_JOBS_MS });
    await context.transactions.close();
    await context.database.close();
  }
  try {
    await jobs.work(
      chargeQueue,
      {
        batch_size: settings.batch_size,
        concurrency: settings.batch_concurrency,
        poll_seconds: settings.queue_poll_ms / 1_000,
      },
      createChargeHandler(context, { group_size: settings.batch_size }),
    );
    return { url: await listen(server, settings), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function limitsOf(settings: Settings): ChargeLimits {
  const { poll_base_ms, poll_max_ms, failure_base_ms, failure_max_ms } = settings;
  const { max_failures, attention_after_ms } = settings;
  return { poll_base_ms, poll_max_ms, failure_base_ms, failure_max_ms, max_failures, attention_after_ms };
}
