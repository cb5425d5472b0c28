import { setTimeout as delay } from 'node:timers/promises';
import { type WalletBalance, walletBalance } from '@cashback/wire';
import { type Database, type Transaction, openDatabase } from '@cashback/postgres';
import { type Log, createLoop } from '@cashback/service';
import { PUSH_CHANNEL } from './wallet-push.ts';

type Client = Transaction['client'];

export interface HearPushesOptions {
  /** Of the connection that listens. */
  url: string;
  role: string;
  log: Log;
  onPush: (balance: WalletBalance) => void;
  /** The connection is there again: what was told meanwhile was not heard. */
  onReconnect: () => Promise<void>;
}

const HEARTBEAT_MS = 10_000;
const HEARTBEAT_TIMEOUT_MS = 5_000;

/**
 * Hears every push of every process over a connection of its own. When that breaks or falls silent, it is made
 * anew, with growing pauses. Resolves once it hears; the first connection must succeed.
 */
export async function hearPushes(options: HearPushesOptions): Promise<{ stop(): Promise<void> }> {
  const { url, role, log, onReconnect } = options;
  const database = openDatabase({ url, role, application_name: 'wallet-pushes', max_connections: 1 });
  let client: Client | undefined;

  function drop(dropped: Client, error: Error): void {
    if (client !== dropped) return;
    client = undefined;
    dropped.release(error);
    log.warn({ err: error }, 'lost the connection that hears pushes');
    loop.wake();
  }

  async function connect(): Promise<Client> {
    const connected = await listenOn(database, options);
    connected.once('error', (error) => drop(connected, error));
    connected.once('end', () => drop(connected, new Error('the connection ended')));
    client = connected;
    return connected;
  }

  let caughtUp = await connect().catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const loop = createLoop({
    name: 'hear_pushes',
    log,
    interval_ms: HEARTBEAT_MS,
    run: async () => {
      const connected = client ?? (await connect());
      try {
        if (connected !== caughtUp) await onReconnect();
        caughtUp = connected;
        await heartbeat(connected);
      } catch (error) {
        drop(connected, asError(error));
        throw error;
      }
    },
  });
  return {
    async stop() {
      await loop.stop();
      const listening = client;
      client = undefined;
      listening?.release(true);
      await database.close();
    },
  };
}

async function listenOn(database: Database, { log, onPush }: HearPushesOptions): Promise<Client> {
  const client = await database.pool.connect();
  // Also after it was given up: an error that nobody hears ends the process.
  client.on('error', () => {});
  client.on('notification', ({ payload = '' }) => {
    const parsed = walletBalance.safeParse(parseJson(payload));
    if (parsed.success) onPush(parsed.data);
    else log.error({ payload, err: parsed.error }, 'heard a push that is none');
  });
  try {
    await client.query(`LISTEN ${PUSH_CHANNEL}`);
    return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function heartbeat(client: Client): Promise<void> {
  const answered = new AbortController();
  const silence = delay(HEARTBEAT_TIMEOUT_MS, undefined, { signal: answered.signal }).then(
    () => {
      throw new Error(`no answer within ${HEARTBEAT_TIMEOUT_MS} ms`);
    },
    () => {},
  );
  try {
    await Promise.race([client.query('SELECT 1'), silence]);
  } finally {
    answered.abort();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
