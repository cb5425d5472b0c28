import { createCashbackClient } from '@cashback/client';
import { startTcpProxy } from '@cashback/proxies';
import { createTestDatabase, readUntil, untilLockWaits } from '@cashback/testing';
import { afterAll, expect, test } from 'vitest';
import { TOKEN, registerInput, startTestServer } from './support.ts';

const cleanups: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.toReversed()) await cleanup();
});

test('without its database the server answers DATABASE_UNAVAILABLE, shows no SQL, and recovers with it', async () => {
  const database = await createTestDatabase();
  cleanups.push(() => database.drop());
  const gate = await startTcpProxy(database.url);
  cleanups.push(() => gate.stop());
  const server = await startTestServer({ database_url: gate.url });
  cleanups.push(() => server.stop());
  const client = createCashbackClient({ url: server.url, token: TOKEN, retries: 0 });
  const input = registerInput();
  await client.register(input);

  gate.setTarget(null);
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

  gate.setTarget(database.url);
  const register = () => client.register(input).catch(() => undefined);
  expect(await readUntil(register)).toMatchObject({
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
  await untilLockWaits(server.admin.pool);
  await server.admin.pool.query(
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true });
  await holder.query('ROLLBACK');
  holder.release();
  expect(await client.order({ order_id })).toMatchObject({ invoice_version: 1, revision: 1 });
});
