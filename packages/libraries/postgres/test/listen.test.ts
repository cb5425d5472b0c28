import { startFaultyTcpProxy } from '@cashback/proxies';
import { createTestDatabase, readUntil, untilEqual } from '@cashback/testing';
import type { TestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, listen, openDatabase } from '../src/index.ts';

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'notifier' });
});
afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});

async function subscribe(channel: string, url: string, onListening: () => Promise<void> = async () => {}) {
  const received: string[] = [];
  const errors: string[] = [];
  let listening = 0;
  const listener = await listen({
    connection: { url, application_name: channel },
    channel,
    onNotification: (payload) => received.push(payload),
    onListening: async () => {
      listening += 1;
      await onListening();
    },
    log_error: ({ message }) => errors.push(message),
  });
  return { received, errors, listening: () => listening, close: () => listener.close() };
}

async function notify(channel: string, payload: string): Promise<void> {
  await database.pool.query('SELECT pg_notify($1, $2)', [channel, payload]);
}

async function cut(channel: string): Promise<void> {
  await database.pool.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1',
    [channel],
  );
}

test('a lost connection is replaced, and what was missed is read once it is back', async () => {
  const subscription = await subscribe('replaced', testDatabase.url);
  expect(subscription.listening()).toBe(1);
  await cut('replaced');
  await untilEqual(subscription.listening, 2);
  await notify('replaced', 'after');
  await untilEqual(() => subscription.received, ['after']);
  expect(subscription.errors).toEqual(['lost the connection that listens on replaced']);
  await subscription.close();
});

test('catching up that fails is repeated until it succeeds', async () => {
  let failures = 0;
  let caughtUp = false;
  const subscription = await subscribe('repeated', testDatabase.url, async () => {
    if (failures > 0 && failures < 3) {
      failures += 1;
      throw new Error('the table cannot be read now');
    }
    caughtUp = failures === 3;
  });
  failures = 1;
  await cut('repeated');
  await untilEqual(() => caughtUp, true);
  await notify('repeated', 'after');
  await untilEqual(() => subscription.received, ['after']);
  await subscription.close();
});

test('a connection that fell silent is found by its heartbeat and replaced', async () => {
  const proxy = await startFaultyTcpProxy(testDatabase.url);
  const subscription = await subscribe('silent', proxy.url);
  proxy.setFault({ kind: 'black_hole' });
  await readUntil(
    () => subscription.errors,
    (seen) => seen.includes('lost the connection that listens on silent'),
  );
  proxy.setFault(null);
  await untilEqual(subscription.listening, 2);
  await notify('silent', 'after');
  await untilEqual(() => subscription.received, ['after']);
  await subscription.close();
  await proxy.stop();
});

test('the first connection must succeed', async () => {
  await expect(subscribe('refused', 'postgres://nobody@127.0.0.1:1/none')).rejects.toThrow('ECONNREFUSED');
});

test('closing ends the wait for a database that is gone', async () => {
  const proxy = await startFaultyTcpProxy(testDatabase.url);
  const subscription = await subscribe('closed', proxy.url);
  proxy.setFault({ kind: 'reset' });
  await readUntil(
    () => subscription.errors.length,
    (errors) => errors >= 2,
  );
  await subscription.close();
  await proxy.stop();
});
