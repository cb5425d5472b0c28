import type { Database } from '@cashback/postgres';
import { type Log, type Outbox, createCallbackSender, createOutbox } from '@cashback/service';
import { claimCallbacks, deleteCallbacks, retryCallback } from './db/callbacks.ts';
import { loadSettings } from './db/settings.ts';
import type { Receiver } from './db/tables.ts';
import type { Settings } from './env.ts';
import { happens } from './random.ts';

const BATCH_SIZE = 200;
const RETRY_BASE_MS = 200;
/** After this time another process sends a callback whose sender died. */
const LEASE_MS = 60_000;

/** The receivers of each callback, and where they are. */
export function receiversOf({
  billing_callback_url,
  balance_callback_url,
}: Pick<Settings, 'billing_callback_url' | 'balance_callback_url'>): ReadonlyMap<Receiver, string> {
  const urls = new Map<Receiver, string>([['billing', billing_callback_url]]);
  if (balance_callback_url !== undefined) urls.set('balance', balance_callback_url);
  return urls;
}

/**
 * Billing: sends a signed callback for every movement at least once, and where the settings ask for it some twice and
 * some never.
 */
export function sendCallbacks(database: Database, settings: Settings, log: Log): Outbox {
  const sender = createCallbackSender({
    secret: settings.billing_callback_secret,
    timeout_ms: settings.callback_timeout_ms,
    connections: settings.callback_concurrency,
  });
  const urls = receiversOf(settings);
  const outbox = createOutbox({
    log,
    concurrency: settings.callback_concurrency,
    batch_size: BATCH_SIZE,
    interval_ms: settings.callback_interval_ms,
    backoff: { base_ms: RETRY_BASE_MS, max_ms: settings.callback_retry_max_ms },
    claim: (limit) => claimCallbacks(database, { urls, leaseMs: LEASE_MS, limit }),
    delivered: (ids) => deleteCallbacks(database, ids),
    retry: (id, outcome) => retryCallback(database, id, outcome),
    send: async (callback) => {
      const { duplicate_callback_share, lost_callback_share } = await loadSettings(database.drizzle);
      if (happens(lost_callback_share)) return;
      await sender.send(callback);
      if (happens(duplicate_callback_share)) await sender.send(callback);
    },
  });
  return {
    wake: () => outbox.wake(),
    async stop() {
      await outbox.stop();
      await sender.close();
    },
  };
}
