import { setTimeout as delay } from 'node:timers/promises';
import { withTimeout } from '@cashback/timing';
import type { Client } from 'pg';
import { connectClient } from './connect-client.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { asError } from '../errors/errors.ts';

/*
 *   connect --> LISTEN --> onListening() --> heartbeat every 10 s
 *      ^           |             |                  |
 *      |           v             v                  v
 *      +--- backoff, when one of them fails or does not answer in time
 *
 * Postgres keeps no notification for a connection that is gone: what was sent meanwhile is lost. `onListening` reads it
 * from the tables. Until it has succeeded the connection does not count as subscribed.
 */

export type ListenOptions = {
  connection: ConnectionSettings;
  channel: string;
  onNotification: (payload: string) => void;
  /** Runs each time the subscription stands, the first time included. When it fails, the connection is replaced. */
  onListening: () => Promise<void> | void;
  log_error: (error: Error) => void;
};

export type Listener = { close(): Promise<void> };

type Subscription = { client: Client; broken: Promise<Error> };

const heartbeatMs = 10_000;
const answerTimeoutMs = 5_000;
const catchUpTimeoutMs = 60_000;
const firstReconnectMs = 100;
const longestReconnectMs = 5_000;
const logEveryMs = 30_000;

/**
 * Listens on a channel over a connection of its own, and replaces the connection when it breaks or falls silent.
 * Resolves once it listens: the first connection must succeed.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { channel, log_error } = options;
  const closing = new AbortController();
  const closed = new Promise<null>((resolve) => {
    closing.signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const first = await subscribe(options);

  async function watch(): Promise<void> {
    let subscription: Subscription | null = first;
    while (subscription !== null) {
      const { client, broken } = subscription;
      const over = new AbortController();
      const reason = await Promise.race([closed, broken, untilSilent(client, over.signal)]);
      over.abort();
      await disconnect(client);
      if (reason === null) return;
      log_error(new Error(`lost the connection that listens on ${channel}`, { cause: reason }));
      subscription = await resubscribe(options, closing.signal, closed);
    }
  }
  const watching = watch();
  return {
    close: async () => {
      closing.abort();
      await watching;
    },
  };
}

async function subscribe({
  connection,
  channel,
  onNotification,
  onListening,
}: ListenOptions): Promise<Subscription> {
  const client = await connectClient(connection);
  client.on('notification', ({ payload }) => onNotification(payload ?? ''));
  const broken = new Promise<Error>((resolve) => {
    client.once('error', resolve);
    client.once('end', () => resolve(new Error('the connection ended')));
  });
  try {
    await answered(client, `LISTEN ${client.escapeIdentifier(channel)}`);
    const catchingUp = Promise.resolve(onListening());
    await withTimeout(catchingUp, catchUpTimeoutMs, () => {
      throw new Error(`catching up took longer than ${catchUpTimeoutMs} ms`);
    });
    return { client, broken };
  } catch (error) {
    await disconnect(client);
    throw error;
  }
}

/** Null when it is to close. */
async function resubscribe(
  options: ListenOptions,
  closing: AbortSignal,
  closed: Promise<null>,
): Promise<Subscription | null> {
  let loggedAt = -Infinity;
  let waitMs = firstReconnectMs;
  while (!closing.aborted) {
    await delay(waitMs, undefined, { signal: closing }).catch(() => {});
    if (closing.aborted) return null;
    try {
      const subscribing = subscribe(options);
      const subscription = await Promise.race([subscribing, closed]);
      // Catching up may take longer than a stop may: its connection is closed whenever it ends.
      if (subscription === null) void subscribing.then(({ client }) => disconnect(client)).catch(() => {});
      return subscription;
    } catch (error) {
      if (performance.now() - loggedAt > logEveryMs) {
        loggedAt = performance.now();
        options.log_error(
          new Error(`cannot listen on ${options.channel} and keeps trying`, { cause: error }),
        );
      }
      waitMs = Math.min(waitMs * 2, longestReconnectMs);
    }
  }
  return null;
}

/** A connection can be cut without a notice to either end. An unanswered heartbeat finds it. */
async function untilSilent(client: Client, over: AbortSignal): Promise<Error | null> {
  for (;;) {
    await delay(heartbeatMs, undefined, { signal: over }).catch(() => {});
    if (over.aborted) return null;
    try {
      await answered(client, 'SELECT 1');
    } catch (error) {
      return asError(error);
    }
  }
}

function answered(client: Client, text: string): Promise<unknown> {
  return withTimeout<unknown>(client.query(text), answerTimeoutMs, () => {
    throw new Error(`no answer within ${answerTimeoutMs} ms`);
  });
}

/** A silent connection never answers that it ends. */
async function disconnect(client: Client): Promise<void> {
  const destroy = (): void => void client.connection.stream.destroy();
  await withTimeout(client.end(), answerTimeoutMs, destroy).catch(destroy);
}
