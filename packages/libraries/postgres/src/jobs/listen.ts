import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { connectClient } from '../connect-client.ts';
import type { ConnectionSettings } from '../connection-settings.ts';
import { asError } from '../errors.ts';

type Listening = {
  connection: ConnectionSettings;
  channel: string;
  onNotification: (payload: string) => void;
  /** Called whenever the subscription stands: what was sent before it did is lost and must be looked up. */
  onReconnect: () => void;
  log_error: (error: Error) => void;
};

const heartbeatMs = 10_000;
const firstReconnectMs = 100;
const longestReconnectMs = 5_000;

/**
 * Holds a connection that listens, and makes a new one when it breaks. The first must succeed. A connection
 * that went silent is found by a query every ten seconds, which the server's statement timeout or a closed
 * socket ends; until then polling finds the jobs.
 */
export async function listen(listening: Listening): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController();
  let client = await connect(listening);
  const watching = (async () => {
    while (!closing.signal.aborted) {
      const reason = await untilBroken(client, closing.signal);
      await client.end().catch(() => {});
      if (reason === null) return;
      listening.log_error(new Error('lost the connection that listens for jobs', { cause: reason }));
      const next = await reconnect(listening, closing.signal);
      if (next === null) return;
      client = next;
    }
  })();
  return {
    close: async () => {
      closing.abort();
      await watching;
    },
  };
}

async function connect({ connection, channel, onNotification, onReconnect }: Listening): Promise<Client> {
  const client = await connectClient(connection);
  client.on('notification', ({ payload }) => onNotification(payload ?? ''));
  try {
    await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  onReconnect();
  return client;
}

/** Resolves with what broke the connection, or with null when it is to be closed. */
async function untilBroken(client: Client, closing: AbortSignal): Promise<Error | null> {
  const stop = new AbortController();
  const ended = new Promise<Error>((resolve) => {
    client.once('error', resolve);
    client.once('end', () => resolve(new Error('connection ended')));
  });
  const closed = new Promise<null>((resolve) => {
    closing.addEventListener('abort', () => resolve(null), { once: true, signal: stop.signal });
    if (closing.aborted) resolve(null);
  });
  try {
    return await Promise.race([ended, closed, untilSilent(client, stop.signal)]);
  } finally {
    stop.abort();
  }
}

async function untilSilent(client: Client, stop: AbortSignal): Promise<Error> {
  for (;;) {
    await delay(heartbeatMs, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return new Error('stopped');
    const answer = client.query('SELECT 1').then(
      () => null,
      (error: unknown) => asError(error),
    );
    const silence = delay(heartbeatMs, undefined, { signal: stop }).then(
      () => new Error(`no answer within ${heartbeatMs} ms`),
      () => new Error('stopped'),
    );
    const reason = await Promise.race([answer, silence]);
    if (reason !== null) return reason;
  }
}

async function reconnect(listening: Listening, closing: AbortSignal): Promise<Client | null> {
  let waitMs = firstReconnectMs;
  while (!closing.aborted) {
    await delay(waitMs, undefined, { signal: closing }).catch(() => {});
    if (closing.aborted) return null;
    try {
      return await connect(listening);
    } catch (error) {
      listening.log_error(new Error('cannot listen for jobs, polling goes on', { cause: error }));
      waitMs = Math.min(waitMs * 2, longestReconnectMs);
    }
  }
  return null;
}
