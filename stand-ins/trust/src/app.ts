import { asSetupError, explainDatabaseError, openDatabase, waitForDatabase } from '@cashback/postgres';
import {
  type AppContext,
  type HttpServer,
  type Log,
  type RunningApp,
  createHttpServer,
  createLoop,
  listen,
  startParts,
} from '@cashback/service';
import type { Context } from './context.ts';
import { loadSettings } from './db/settings.ts';
import type { Settings } from './env.ts';
import { addCreateBasket } from './routes/create-basket.ts';
import { addCreateRefund } from './routes/create-refund.ts';
import { addReadRoutes } from './routes/read-routes.ts';
import { addSettings } from './routes/settings.ts';
import { addSpend } from './routes/spend.ts';
import { receiversOf, sendCallbacks } from './send-callbacks.ts';
import { settleDueRequests } from './settlement/settle-requests.ts';

const DATABASE_WAIT_MS = 10_000;
/** Longer than the longest `answer_delay_ms`, so that a slow answer still arrives. */
const HANDLER_TIMEOUT_MS = 75_000;

/**
 * Starts the stand-in:
 *
 *   POST /baskets, /refunds --> pending --> [settlement loop] --> success | failed
 *                                                |
 *   POST /wallets/:id/spend ---------------> movements and balances --> callbacks --> [billing's outbox] --> receivers
 *
 * With `latency_ms` 0 a request settles before its answer. Throws an expected error when the database is unusable or
 * the port is taken.
 */
export function startTrust(
  settings: Settings,
  { log }: Pick<AppContext, 'log'>,
): Promise<RunningApp & { url: string }> {
  return startParts((parts) => start(parts, settings, log));
}

async function start(parts: AsyncDisposableStack, settings: Settings, log: Log): Promise<string> {
  const { database_url, callback_hold_back_ms: hold_back_ms } = settings;
  const callbacks = { receivers: [...receiversOf(settings).keys()], hold_back_ms };
  await waitForDatabase({ url: database_url, timeout_ms: DATABASE_WAIT_MS });
  const database = openDatabase({
    url: database_url,
    role: 'cashback_trust',
    application_name: 'trust',
    max_connections: settings.max_connections,
    log_error: (error) => log.warn({ err: error }, 'a database connection broke'),
  });
  parts.defer(() => database.close());
  await loadSettings(database.drizzle).catch((error: unknown) => {
    throw asSetupError('cannot use the tables of trust', error);
  });
  const outbox = sendCallbacks(database, settings, log);
  parts.defer(() => outbox.stop());
  const settlement = createLoop({
    name: 'settlement',
    log,
    interval_ms: settings.settle_interval_ms,
    run: async () => {
      const { more, moved } = await settleDueRequests(database, callbacks);
      if (moved) outbox.wake();
      return more;
    },
  });
  parts.defer(() => settlement.stop());
  const server = createHttpServer({
    name: 'trust',
    explain: explainDatabaseError,
    log,
    tokens: settings.bearer_tokens,
    handler_timeout_ms: HANDLER_TIMEOUT_MS,
    health: async () => void (await loadSettings(database.drizzle)),
  });
  addRoutes(server, { database, callbacks, wakeCallbacks: () => outbox.wake() });
  parts.defer(() => server.close());
  return listen(server, settings);
}

function addRoutes(server: HttpServer, context: Context): void {
  addCreateBasket(server, context);
  addCreateRefund(server, context);
  addReadRoutes(server, context);
  addSpend(server, context);
  addSettings(server, context);
}
