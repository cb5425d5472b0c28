import { createCashbackClient } from '@cashback/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { READER_TOKEN, type TestServer, registerInput, startTestServer } from './support.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  await server.admin.pool.query(
    "UPDATE cashback.order_clears SET settled_revision = revision, poll_at = NULL, updated_at = '2020-01-01'",
  );
});

async function settledOrder(): Promise<string> {
  const input = registerInput();
  await server.client.register(input);
  await server.admin.pool.query(
    "UPDATE cashback.order_clears SET settled_revision = revision, updated_at = '2020-01-01' WHERE order_id = $1",
    [input.order_id],
  );
  return input.order_id;
}

async function due(): Promise<string[]> {
  const { rows } = await server.admin.pool.query<{ order_id: string }>(
    'SELECT order_id FROM cashback.order_clears WHERE poll_at <= now() ORDER BY order_id',
  );
  return rows.map(({ order_id }) => order_id);
}

test('given orders are due at once in any state, and those that were never registered are named', async () => {
  const [settled, polled, needsAttention, other] = [
    await settledOrder(),
    await settledOrder(),
    await settledOrder(),
    await settledOrder(),
  ];
  const { pool } = server.admin;
  await pool.query(
    `UPDATE cashback.order_clears SET poll_at = now() + interval '1 hour' WHERE order_id = $1`,
    [polled],
  );
  await pool.query(`UPDATE cashback.order_clears SET attention = 'a reason' WHERE order_id = $1`, [
    needsAttention,
  ]);
  const order_ids = [settled, polled, needsAttention, settled, 'never-registered'];
  expect(await server.client.reconcile({ order_ids })).toEqual({
    due: 3,
    unknown: ['never-registered'],
    after: null,
  });
  expect(await due()).toEqual([settled, polled, needsAttention].toSorted());
  expect(await due()).not.toContain(other);
});

test('the orders that changed at a time or later are found page by page, also past empty pages', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 7; count += 1) ids.push(await settledOrder());
  const changed = [ids[1], ids[6]] as string[];
  await server.admin.pool.query(
    "UPDATE cashback.order_clears SET updated_at = '2026-03-01T00:00:00.000Z' WHERE order_id = ANY($1)",
    [changed],
  );
  const changed_since = '2026-03-01T00:00:00.000Z';
  let pages = 0;
  let found = 0;
  for (let after: string | null = ''; after !== null; pages += 1) {
    const page = await server.client.reconcile({ changed_since, after, limit: 2 });
    found += page.due;
    after = page.after;
  }
  expect([found, await due()]).toEqual([2, changed.toSorted()]);
  expect(pages).toBeGreaterThan(3);
});

test('no page is added while many orders are due, but given orders are', async () => {
  const order_id = await settledOrder();
  const { pool } = server.admin;
  await pool.query(
    `INSERT INTO cashback.order_clears
       (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision, poll_at)
     SELECT 'backlog-' || n, 'yellow', 'u', 'w', 'USD', 1, 1, 0, 1, now() FROM generate_series(1, 2000) AS n`,
  );
  const once = createCashbackClient({ url: server.url, token: 'token-with-every-scope', retries: 0 });
  await expect(once.reconcile({ changed_since: '2026-03-01T00:00:00.000Z' })).rejects.toMatchObject({
    code: 'OVERLOADED',
    retryable: true,
  });
  expect(await once.reconcile({ order_ids: [order_id] })).toMatchObject({ due: 1 });
  // They are polled behind all others.
  await pool.query(
    "UPDATE cashback.order_clears SET attention = 'a reason' WHERE order_id LIKE 'backlog-%' AND order_id <> 'backlog-1'",
  );
  const page = await once.reconcile({ changed_since: '2026-03-01T00:00:00.000Z', limit: 1 });
  expect(page).toMatchObject({ due: 1 });
  once.close();
  await pool.query("DELETE FROM cashback.order_clears WHERE order_id LIKE 'backlog-%'");
});

test.each([
  [{}, 'order_ids'],
  [{ order_ids: [] }, 'order_ids'],
  [{ order_ids: Array.from({ length: 501 }, (_, n) => `o-${n}`) }, 'order_ids'],
  [{ order_ids: ['o-1'], changed_since: '2026-03-01T00:00:00.000Z' }, 'order_ids'],
  [{ order_ids: ['o-1'], after: 'o-1' }, 'after'],
  [{ changed_since: 'yesterday' }, 'changed_since'],
  [{ changed_since: '2026-03-01T00:00:00.000Z', limit: 501 }, 'limit'],
])('bad input %# is refused with its field', async (input, field) => {
  const issues = [expect.objectContaining({ path: field })];
  await expect(server.client.reconcile(input)).rejects.toMatchObject({ code: 'BAD_REQUEST', issues });
});

test('a token without the scope makes nothing due', async () => {
  const reader = createCashbackClient({ url: server.url, token: READER_TOKEN });
  await expect(reader.reconcile({ order_ids: ['order-1'] })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  reader.close();
});
