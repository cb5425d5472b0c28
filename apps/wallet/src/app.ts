import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import { type AppContext, type RunningApp, createHttpServer, listen } from '@cashback/service';
import { loadBalances } from './db/load-balances.ts';
import type { Settings } from './env.ts';
import { hearPushes } from './push/hear-pushes.ts';
import { createListeners } from './push/listeners.ts';
import { JOBS_SCHEMA, createWalletPush, walletPushQueue } from './push/wallet-push.ts';
import { addGetWallet } from './routes/get-wallet.ts';
import { addReceiveBilling } from './routes/receive-billing.ts';
import { addStreamWallet } from './routes/stream-wallet.ts';
import { startSweeper } from './sweep.ts';

const ROLE = 'cashback_wallet';
const DATABASE_WAIT_MS = 10_000;
const STOP_JOBS_TIMEOUT_MS = 5_000;
const CATCH_UP_PAGE_SIZE = 500;

type Stop = () => Promise<void> | void;

/**
 * Starts the wallet: its routes, the queue of pushes, the streams they go to, and the sweeper. Throws an expected
 * error when the database cannot be used or the port not be had.
 */
export async function startWallet(
  settings: Settings,
  { log }: Pick<AppContext, 'log'>,
): Promise<RunningApp & { url: string }> {
  const { database_url } = settings;
  const logError = (error: Error): void => log.warn({ err: error }, 'trouble with the database');
  // What was started last stops first.
  const stops: Stop[] = [];
  async function stop(): Promise<void> {
    for (let next = stops.pop(); next !== undefined; next = stops.pop()) await next();
  }

  try {
    await waitForDatabase({ url: database_url, timeout_ms: DATABASE_WAIT_MS });
    const database = openDatabase({
      url: database_url,
      role: ROLE,
      application_name: 'wallet',
      max_connections: settings.max_connections,
      log_error: logError,
    });
    stops.push(database.close);
    const jobs = await startJobs({
      database_url,
      role: ROLE,
      jobs_schema: JOBS_SCHEMA,
      queues: [walletPushQueue],
      application_name: 'wallet-jobs',
      log_error: logError,
      log_warning: (message, data) => log.warn(data, message),
    });
    stops.push(() => jobs.stop({ timeout_ms: STOP_JOBS_TIMEOUT_MS }));
    const listeners = createListeners(settings);
    stops.push(listeners.close);

    const hearing = await hearPushes({
      url: database_url,
      role: ROLE,
      log,
      onPush: listeners.publish,
      onReconnect: async () => {
        const ids = listeners.walletIds();
        for (let from = 0; from < ids.length; from += CATCH_UP_PAGE_SIZE) {
          const page = ids.slice(from, from + CATCH_UP_PAGE_SIZE);
          for (const balance of await loadBalances(database.drizzle, page)) listeners.publish(balance);
        }
      },
    });
    stops.push(hearing.stop);
    await jobs.work(
      walletPushQueue,
      { batch_size: settings.push_batch_size, concurrency: settings.push_concurrency },
      createWalletPush(database),
    );
    stops.push(startSweeper(database, jobs, settings, log).stop);

    const server = createHttpServer({
      name: 'wallet',
      explain: explainDatabaseError,
      log,
      tokens: settings.bearer_tokens,
      health: async () => void (await loadBalances(database.drizzle, ['health'])),
    });
    addReceiveBilling(server, { database, jobs }, settings.billing_callback_secret);
    addGetWallet(server, database);
    addStreamWallet(server, { database, listeners, log });
    stops.push(() => server.close());
    const url = await listen(server, settings);
    // Streams never end by themselves, and the server waits for what is open.
    stops.push(listeners.close);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
