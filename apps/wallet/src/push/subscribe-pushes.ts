import { walletBalance } from '@cashback/wire';
import { type Database, type Listener, listen } from '@cashback/postgres';
import type { Log } from '@cashback/service';
import { loadBalances } from '../db/load-balances.ts';
import type { Listeners } from './listeners.ts';
import { PUSH_CHANNEL } from './wallet-push.ts';

interface Context {
  /** Of the connection that listens. */
  url: string;
  role: string;
  database: Database;
  listeners: Listeners;
  log: Log;
}

const CATCH_UP_PAGE_SIZE = 500;

/**
 * Publishes the pushes of every process to the streams of this one. After the connection was lost, the streams get the
 * balances that changed meanwhile. Resolves once it is subscribed; the first connection must succeed.
 */
export function subscribePushes({ url, role, database, listeners, log }: Context): Promise<Listener> {
  return listen({
    connection: { url, role, application_name: 'wallet-pushes' },
    channel: PUSH_CHANNEL,
    onNotification: (payload) => {
      const parsed = parsePush(payload);
      if (parsed.success) listeners.publish(parsed.data);
      else log.error({ payload, err: parsed.error }, 'received a notification that is no push');
    },
    onListening: async () => {
      const ids = listeners.walletIds();
      for (let from = 0; from < ids.length; from += CATCH_UP_PAGE_SIZE) {
        const page = ids.slice(from, from + CATCH_UP_PAGE_SIZE);
        for (const balance of await loadBalances(database.pool, page)) listeners.publish(balance);
      }
    },
    log_error: (error) => log.warn({ err: error }, 'pushes of other processes are delayed'),
  });
}

function parsePush(payload: string): ReturnType<typeof walletBalance.safeParse> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload) as unknown;
  } catch {
    // Refused below: undefined is no balance.
  }
  return walletBalance.safeParse(parsed);
}
