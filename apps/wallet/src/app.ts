import { explainDatabaseError, openDatabase, startJobs, waitForDatabase } from '@cashback/postgres';
import {
  type AppContext,
  type Log,
  type RunningApp,
  createHttpServer,
  createReadiness,
  listen,
  startParts,
} from '@cashback/service';
import type { CheckContext } from './checks/check-wallet.ts';
import { checkWallets } from './checks/check-wallets.ts';
import { findWallet } from './checks/find-wallet.ts';
import { openTrust } from './checks/open-trust.ts';
import { loadCheckLag } from './db/load-check-lag.ts';
import type { Settings } from './env.ts';
import { followBalances } from './follow/follow-balances.ts';
import { createListeners } from './push/listeners.ts';
import { subscribePushes } from './push/subscribe-pushes.ts';
import { JOBS_SCHEMA, createWalletPush, walletPushQueue } from './push/wallet-push.ts';
import { addGetWallet } from './routes/get-wallet.ts';
import { addReceiveBilling } from './routes/receive-billing.ts';
import { addStreamWallet } from './routes/stream-wallet.ts';
import { startSweeper } from './sweep.ts';

const ROLE = 'cashback_wallet';
const DATABASE_WAIT_MS = 10_000;
const STOP_JOBS_TIMEOUT_MS = 5_000;

/**
 * Starts the wallet: its routes, the queue of pushes, the streams they go to, and the sweeper. Throws an expected
 * error when the database cannot be used or the port not be had.
 */
export function startWallet(
  settings: Settings,
  { log }: Pick<AppContext, 'log'>,
): Promise<RunningApp & { url: string }> {
  return startParts((parts) => start(parts, settings, log));
}

async function start(parts: AsyncDisposableStack, settings: Settings, log: Log): Promise<string> {
  const { database_url } = settings;
  const trust = openTrust(settings, log);
  if (trust === null) {
    log.warn('TRUST_URL is not set: a callback that is lost shows only when the wallet changes again');
  }
  parts.defer(() => trust?.close());
  const logError = (error: Error): void => log.warn({ err: error }, 'trouble with the database');
  const readiness = createReadiness();
  await waitForDatabase({ url: database_url, timeout_ms: DATABASE_WAIT_MS });
  const database = openDatabase({
    url: database_url,
    role: ROLE,
    application_name: 'wallet',
    max_connections: settings.max_connections,
    log_error: logError,
  });
  readiness.addPool('database', database.connections);
  parts.defer(() => database.close());
  const jobs = await startJobs({
    database_url,
    role: ROLE,
    jobs_schema: JOBS_SCHEMA,
    queues: [walletPushQueue],
    application_name: 'wallet-jobs',
    log_error: logError,
    log_warning: (message, data) => log.warn(data, message),
  });
  readiness.addPool('jobs', jobs.connections);
  parts.defer(() => jobs.stop({ timeout_ms: STOP_JOBS_TIMEOUT_MS }));
  const listeners = createListeners(settings);
  parts.defer(() => listeners.close());

  const pushes = await subscribePushes({ url: database_url, role: ROLE, database, listeners, log });
  parts.defer(() => pushes.close());
  await jobs.work(
    walletPushQueue,
    { batch_size: settings.push_batch_size, concurrency: settings.push_concurrency },
    createWalletPush(database),
  );
  const sweeper = startSweeper({ database, jobs, settings, log, readiness });
  parts.defer(() => sweeper.stop());

  const { check_interval_ms, check_retry_max_ms } = settings;
  const checks: CheckContext | null = trust && {
    database,
    jobs,
    trust,
    check_interval_ms,
    check_retry_max_ms,
    log,
  };
  const checking = checks && checkWallets(checks, { ...settings, readiness });
  parts.defer(() => checking?.stop());
  const follower = checks && followBalances(checks, { ...settings, readiness });
  parts.defer(() => follower?.stop());

  const server = createHttpServer({
    name: 'wallet',
    explain: explainDatabaseError,
    log,
    tokens: settings.bearer_tokens,
    readiness,
    health: async () => ({
      checks: await loadCheckLag(database.pool),
      feeds: { changed_balances: follower?.state() ?? null },
      upstreams: { trust: trust?.state() ?? null },
    }),
  });
  const findUnknown = async (walletId: string): Promise<void> => {
    if (checks !== null) await findWallet(checks, walletId);
  };
  addReceiveBilling(
    server,
    { database, jobs, check_interval_ms, wakeChecks: () => checking?.wake() },
    settings.billing_callback_secret,
  );
  addGetWallet(server, { database, findWallet: findUnknown });
  addStreamWallet(server, { database, listeners, findWallet: findUnknown, log });
  parts.defer(() => server.close());
  // Before the server: it waits for what is open, and streams never end by themselves.
  parts.defer(() => listeners.close());
  parts.defer(() => readiness.stop());
  return listen(server, settings);
}
