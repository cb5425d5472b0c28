import { type Server, type Socket, connect, createServer } from 'node:net';
import { createCashbackClient } from '@cashback/client';
import { createTestDatabase } from '@cashback/testing';
import { freePort } from '@cashback/system/free-ports';
import { afterAll, expect, test } from 'vitest';
import { TOKEN, registerInput, startTestServer, until, waitingForLocks } from './support.ts';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

/** A proxy to the database that can be closed and opened again. */
async function openGate(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const port = await freePort();
  const sockets = new Set<Socket>();
  let gate: Server | undefined;
  async function open(): Promise<void> {
    gate = createServer((socket) => {
      const upstream = connect(Number(target.port), target.hostname);
      for (const each of [socket, upstream]) {
        sockets.add(each);
        each.on('error', () => {});
        each.on('close', () => [socket, upstream].forEach((one) => one.destroy()));
      }
      socket.pipe(upstream).pipe(socket);
    });
    await new Promise<void>((resolve) => gate?.listen(port, '127.0.0.1', resolve));
  }
  async function close(): Promise<void> {
    const closed = new Promise<void>((resolve) => gate?.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  await open();
  const url = new URL(databaseUrl);
  url.port = String(port);
  return { url: url.href, close, reopen: open };
}

test('without its database the server says so, shows no SQL, and recovers when it is back', async () => {
  const database = await createTestDatabase();
  cleanups.push(() => database.drop());
  const gate = await openGate(database.url);
  const server = await startTestServer({ database_url: gate.url });
  cleanups.push(() => server.stop());
  const client = createCashbackClient({ url: server.url, token: TOKEN, retries: 0 });
  const input = registerInput();
  await client.register(input);

  await gate.close();
  const calls = [
    client.register(input),
    client.order({ order_id: input.order_id }),
    client.events(),
    client.rates.get({ order_id: input.order_id }),
  ].map((call) => expect(call).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', retryable: true }));
  await Promise.all(calls);
  const answer = await fetch(`${server.url}/trpc/order?input=${encodeURIComponent('{"order_id":"a"}')}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toMatch(/ECONN|SELECT|cashback\./);
  const health = await fetch(`${server.url}/health`);
  expect([health.status, await health.text()]).toEqual([503, expect.not.stringMatching(/ECONN|SELECT/)]);

  await gate.reopen();
  const register = () => client.register(input).catch(() => undefined);
  expect(await until('the database to be back', register)).toMatchObject({
    outcome: 'unchanged',
    revision: 1,
  });
});

test('an internal error is masked', async () => {
  const server = await startTestServer();
  cleanups.push(() => server.stop());
  await server.admin.pool.query('ALTER TABLE cashback.order_rates RENAME TO other');
  await expect(server.client.rates.get({ order_id: 'a' })).rejects.toMatchObject({
    code: 'INTERNAL',
    message: 'internal error: see the server log',
    details: {},
  });
});

test('a statement that the database cancels for its duration is OVERLOADED, and changes nothing', async () => {
  const server = await startTestServer();
  cleanups.push(() => server.stop());
  const client = createCashbackClient({ url: server.url, token: TOKEN, retries: 0 });
  const input = registerInput();
  const { order_id } = input;
  await client.register(input);
  const holder = await server.admin.pool.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [order_id]);

  const refused = client.register({ ...input, invoice_version: 2 });
  refused.catch(() => {}); // awaited below
  await until('the register to wait', async () => (await waitingForLocks(server)) === 1);
  await server.admin.pool.query(
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true });
  await holder.query('ROLLBACK');
  holder.release();
  expect(await client.order({ order_id })).toMatchObject({ invoice_version: 1, revision: 1 });
});
