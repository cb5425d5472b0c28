import type { Database } from '@cashback/postgres';
import {
  type Log,
  type Outbox,
  type Readiness,
  createCallbackSender,
  createLoop,
  createOutbox,
} from '@cashback/service';
import {
  claimCallbacks,
  deleteCallbacks,
  deleteOldCallbacks,
  retryCallback,
} from '../db/queries/callbacks/outbox.ts';
import type { CallbackKind } from '../db/tables.ts';
import type { Settings } from '../env.ts';

const BATCH_SIZE = 200;
const DELETE_PAGE = 500;

export interface Callbacks {
  /** Sends new callbacks of this kind now. */
  wake(kind: CallbackKind): void;
  stop(): Promise<void>;
}

interface Context {
  database: Database;
  settings: Settings;
  log: Log;
  readiness: Readiness;
}

/** Delivers both kinds of callbacks apart, so that a receiver that is down holds up only its own. */
export function sendCallbacks(context: Context): Callbacks {
  const { database, settings, log, readiness } = context;
  const { callback_max_age_ms } = settings;
  const outboxes: Record<CallbackKind, Outbox> = {
    'invoice.changed': sendKind(context, {
      kind: 'invoice.changed',
      url: settings.invoice_callback_url,
      secret: settings.invoice_callback_secret,
    }),
    'operation.finished': sendKind(context, {
      kind: 'operation.finished',
      url: settings.operation_callback_url,
      secret: settings.operation_callback_secret,
    }),
  };
  // Callbacks only expedite what their receivers find in the feed and by polling: an old one is useless.
  const cleaning = createLoop({
    name: 'old_callbacks',
    log,
    readiness,
    interval_ms: settings.callback_clean_interval_ms,
    run: async () => {
      const deleted = await deleteOldCallbacks(database, callback_max_age_ms, DELETE_PAGE);
      if (deleted > 0)
        log.warn({ deleted, callback_max_age_ms }, 'callbacks that were never accepted are dropped');
      return deleted === DELETE_PAGE;
    },
  });
  return {
    wake: (kind) => outboxes[kind].wake(),
    async stop() {
      await Promise.all([cleaning.stop(), ...Object.values(outboxes).map((outbox) => outbox.stop())]);
    },
  };
}

function sendKind(
  { database, settings, log, readiness }: Context,
  { kind, url, secret }: { kind: CallbackKind; url: string; secret: string },
): Outbox {
  const { callback_timeout_ms: timeout_ms, callback_concurrency: concurrency } = settings;
  const sender = createCallbackSender({ secret, timeout_ms, connections: concurrency });
  // Long enough for the last callback of a batch.
  const leaseMs = timeout_ms * (Math.ceil(BATCH_SIZE / concurrency) + 1);
  const outbox = createOutbox({
    log: log.child({ callbacks: kind }),
    name: `outbox ${kind}`,
    readiness,
    concurrency,
    batch_size: BATCH_SIZE,
    interval_ms: settings.callback_interval_ms,
    backoff: {
      base_ms: Math.min(1_000, settings.callback_retry_max_ms),
      max_ms: settings.callback_retry_max_ms,
    },
    claim: async (limit) => {
      const claimed = await claimCallbacks(database, { kind, limit, leaseMs });
      return claimed.map(({ callback_id, payload, attempts }) => ({
        id: callback_id,
        url,
        payload,
        attempts,
      }));
    },
    delivered: (ids) => deleteCallbacks(database, ids),
    retry: (id, outcome) => retryCallback(database, id, outcome),
    send: (callback) => sender.send(callback),
  });
  return {
    wake: () => outbox.wake(),
    async stop() {
      await outbox.stop();
      await sender.close();
    },
  };
}
