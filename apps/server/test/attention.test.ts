import { createCashbackClient } from '@cashback/client';
import { listAttentionStatement } from '@cashback/cashback-db';
import { untilLockWaits } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attentionOf, report } from './attention-support.ts';
import {
  READER_TOKEN,
  type TestServer,
  registerInput,
  snapshotOf,
  startTestServer,
  values,
} from './support.ts';

let server: TestServer;
const { needsAttention, reportAll, listed, rowOf, clear } = attentionOf(() => server);
beforeAll(async () => {
  server = await startTestServer({ breaker: { green: { window_s: 3_600, max_growth: 10_000n } } });
});
afterAll(() => server?.stop());
beforeEach(clear);

describe('the list', () => {
  test('shows each order with its code, details and age, the longest in need first, those of processing too', async () => {
    await needsAttention('order-b', { since: '2026-03-02T00:00:00.000Z' });
    await reportAll([report('order-a', { details: { service: 'yellow' } })]);
    await server.client.register(registerInput({ order_id: 'order-c' }));
    const { as_of, orders, cursor } = await server.client.attention.list();
    const now = Date.parse(as_of);
    expect(orders).toEqual([
      {
        order_id: 'order-a',
        service: 'yellow',
        origin: 'processing',
        code: 'rates_missing',
        reason: 'the order has no rates',
        details: { service: 'yellow' },
        since: '2026-03-01T00:00:00.000Z',
        age_ms: now - Date.parse('2026-03-01'),
        reported_at: expect.any(String),
        stale: false,
        resume_requested: false,
      },
      {
        order_id: 'order-b',
        service: 'yellow',
        origin: 'worker',
        code: 'operation_stuck',
        reason: 'a reason',
        details: { operation_id: 'operation-1' },
        since: '2026-03-02T00:00:00.000Z',
        age_ms: now - Date.parse('2026-03-02'),
        reported_at: null,
        stale: false,
        resume_requested: false,
      },
    ]);
    expect(cursor).toBeNull();
  });

  test('is read page by page, each order once, also where several have needed it equally long', async () => {
    const since = '2026-03-01T00:00:00.000Z';
    for (const name of ['a', 'b', 'c', 'd', 'e']) await needsAttention(`order-${name}`, { since });
    await reportAll(['b', 'c', 'x'].map((name) => report(`order-${name}`, { since })));
    const found: string[] = [];
    for (let after: string | null | undefined; after !== null;) {
      const page = await server.client.attention.list({ limit: 3, ...(after !== undefined && { after }) });
      found.push(...page.orders.map(({ order_id, origin }) => `${order_id} ${origin}`));
      after = page.cursor;
    }
    expect(found).toEqual([
      'order-a worker',
      'order-b processing',
      'order-b worker',
      'order-c processing',
      'order-c worker',
      'order-d worker',
      'order-e worker',
      'order-x processing',
    ]);
  });

  test.each([
    [{ code: 'operation_stuck' as const }, ['worker order-old', 'worker order-new']],
    [{ service: 'blue' }, ['worker order-blue']],
    [{ origin: 'processing' as const }, ['processing order-p']],
    [
      { older_than: '2026-03-02T00:00:00.000Z' },
      ['worker order-old', 'processing order-p', 'worker order-blue'],
    ],
    [{ code: 'operation_stuck' as const, older_than: '2026-03-02T00:00:00.000Z' }, ['worker order-old']],
  ])('filters by %j', async (filter, expected) => {
    await needsAttention('order-old', { since: '2026-02-01T00:00:00.000Z' });
    await needsAttention('order-new', { since: '2026-03-03T00:00:00.000Z' });
    await needsAttention('order-blue', {
      since: '2026-03-02T00:00:00.000Z',
      service: 'blue',
      code: 'payee_differs',
    });
    await reportAll([report('order-p')]);
    expect(await listed(filter)).toEqual(expected);
  });

  test('has an order whose reason an older release gave, without a code', async () => {
    await needsAttention('order-old', { code: null });
    const { orders } = await server.client.attention.list();
    expect(orders).toMatchObject([{ order_id: 'order-old', code: null, since: expect.any(String) }]);
  });

  test('reads those orders by their index, however many others there are', async () => {
    await server.admin.pool.query(
      `INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum,
         cashback_sum, revision, settled_revision, attention)
       SELECT 'many-' || n, 'yellow', 'u', 'w', 'USD', 1, 1, 0, 1, 1, CASE WHEN n % 50 = 0 THEN 'a reason' END
       FROM generate_series(1, 20000) AS n; ANALYZE cashback.order_clears`,
    );
    const { rows } = await server.admin.pool.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN ${listAttentionStatement.text}`,
      [null, null, null, null, '2026-03-01', '', '', 100, false],
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('order_clears_attention_since');
    expect(plan).not.toMatch(/Seq Scan on order_clears/);
  });
});

test('the count is by service, app and code, with the oldest of each', async () => {
  await needsAttention('order-1', { since: '2026-02-01T00:00:00.000Z' });
  await needsAttention('order-2');
  await needsAttention('order-3', { service: 'blue', code: 'payee_differs' });
  await reportAll([report('order-1'), report('order-4')]);
  const { as_of, counts } = await server.client.attention.count();
  const oldest = (since: string) => ({
    oldest_since: since,
    oldest_age_ms: Date.parse(as_of) - Date.parse(since),
  });
  expect(counts).toEqual([
    {
      service: 'blue',
      origin: 'worker',
      code: 'payee_differs',
      orders: 1,
      stale: 0,
      ...oldest('2026-03-01T00:00:00.000Z'),
    },
    {
      service: 'yellow',
      origin: 'processing',
      code: 'rates_missing',
      orders: 2,
      stale: 0,
      ...oldest('2026-03-01T00:00:00.000Z'),
    },
    {
      service: 'yellow',
      origin: 'worker',
      code: 'operation_stuck',
      orders: 2,
      stale: 0,
      ...oldest('2026-02-01T00:00:00.000Z'),
    },
  ]);
  expect((await server.client.attention.count({ code: 'foreign_writer' })).counts).toEqual([]);
});

describe('resuming', () => {
  test('makes given orders due at once, with nothing counted that went wrong before, and is written down once', async () => {
    await needsAttention('order-1');
    await server.client.register(registerInput({ order_id: 'order-2' }));
    const order_ids = ['order-1', 'order-2', 'order-3'];
    const before = await server.client.order({ order_id: 'order-1' });
    expect(await server.client.attention.resume({ order_ids })).toEqual({
      dry_run: false,
      orders: [
        { order_id: 'order-1', origin: 'worker', outcome: 'resumed' },
        { order_id: 'order-2', origin: null, outcome: 'not_needed' },
        { order_id: 'order-3', origin: null, outcome: 'not_found' },
      ],
      more: false,
    });
    expect(await rowOf('order-1')).toEqual({
      attention: null,
      attention_code: null,
      waited_ms: 0,
      heals: 0,
      is_due: true,
      held_revision: null,
    });
    // Money is the worker's to move: target, rewarded and operations are as they were.
    const { target, rewarded, operations, revision, state } = await server.client.order({
      order_id: 'order-1',
    });
    expect({ target, rewarded, operations, revision }).toEqual({
      target: before.target,
      rewarded: before.rewarded,
      operations: before.operations,
      revision: before.revision,
    });
    expect(state).toBe('in_flight');

    const again = await server.client.attention.resume({ order_ids });
    expect(again.orders[0]).toEqual({ order_id: 'order-1', origin: null, outcome: 'not_needed' });
    const { rows } = await server.admin.pool.query(
      'SELECT order_id, origin, code, reason, details, caller FROM cashback.attention_resumes',
    );
    expect(rows).toEqual([
      {
        order_id: 'order-1',
        origin: 'worker',
        code: 'operation_stuck',
        reason: 'a reason',
        details: { operation_id: 'operation-1' },
        caller: 'test',
      },
    ]);
  });

  test('by a filter takes the longest in need, no more than the limit, and says that there are more', async () => {
    await needsAttention('order-1', { since: '2026-03-03T00:00:00.000Z' });
    await needsAttention('order-2', { since: '2026-03-01T00:00:00.000Z' });
    await needsAttention('order-3', { since: '2026-03-02T00:00:00.000Z' });
    await needsAttention('order-4', { since: '2026-02-01T00:00:00.000Z', code: 'payee_differs' });
    const filter = { code: 'operation_stuck' as const };
    const first = await server.client.attention.resume({ filter, limit: 2 });
    expect([first.orders.map(({ order_id }) => order_id), first.more]).toEqual([
      ['order-2', 'order-3'],
      true,
    ]);
    const second = await server.client.attention.resume({ filter, limit: 2 });
    expect([second.orders.map(({ order_id }) => order_id), second.more]).toEqual([['order-1'], false]);
    expect(await listed()).toEqual(['worker order-4']);
  });

  test('as a dry run changes nothing and answers what it would do', async () => {
    await needsAttention('order-1');
    await reportAll([report('order-2')]);
    const before = await snapshotOf(server);
    expect(await server.client.attention.resume({ filter: {}, dry_run: true })).toEqual({
      dry_run: true,
      orders: [
        { order_id: 'order-1', origin: 'worker', outcome: 'resumed' },
        { order_id: 'order-2', origin: 'processing', outcome: 'requested' },
      ],
      more: false,
    });
    expect(await snapshotOf(server)).toBe(before);
    expect(await reportAll([report('order-2')])).toEqual([]);
  });

  test('releases nothing that the breaker holds', async () => {
    const { order_id } = registerInput();
    await server.client.register(registerInput({ order_id, service: 'green', ...values('7') }));
    expect(await server.client.attention.resume({ order_ids: [order_id] })).toMatchObject({
      orders: [{ order_id, origin: 'worker', outcome: 'held' }],
    });
    expect(await server.client.attention.resume({ filter: {} })).toMatchObject({ orders: [] });
    expect(await server.client.attention.resume({ filter: { code: 'held_by_breaker' } })).toMatchObject({
      orders: [{ outcome: 'held' }],
    });
    expect(await rowOf(order_id)).toMatchObject({ attention_code: 'held_by_breaker', held_revision: 1 });
  });

  test('by a filter resumes nothing that needs attention for another cause by then', async () => {
    await reportAll([report('order-1')]);
    const { pool } = server.admin;
    const other = await pool.connect();
    await other.query('BEGIN');
    await other.query('SELECT pg_advisory_xact_lock(8223417607)');
    const resumed = server.client.attention.resume({ filter: { code: 'rates_missing' } });
    await untilLockWaits(pool);
    await other.query(
      `UPDATE cashback.reported_attention SET code = 'settings_missing', since = since + interval '1 hour'`,
    );
    await other.query('COMMIT');
    other.release();
    expect((await resumed).orders).toEqual([{ order_id: 'order-1', origin: null, outcome: 'not_found' }]);
    const { orders } = await server.client.attention.list();
    expect(orders).toMatchObject([{ code: 'settings_missing', resume_requested: false }]);
  });

  test('of one order many times at once resumes it once', async () => {
    await needsAttention('order-1');
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => server.client.attention.resume({ order_ids: ['order-1'] })),
    );
    const outcomes = answers.map(({ orders }) => orders[0]?.outcome).toSorted();
    expect(outcomes).toEqual([...Array.from({ length: 7 }, () => 'not_needed'), 'resumed']);
  });
});

test.each([
  ['list', { code: 'unheard_of' }, 'code'],
  ['list', { older_than: 'yesterday' }, 'older_than'],
  ['list', { limit: 1_001 }, 'limit'],
  ['count', { origin: 'wallet' }, 'origin'],
  ['resume', {}, 'order_ids'],
  ['resume', { order_ids: ['a'], filter: {} }, 'order_ids'],
  ['resume', { order_ids: [] }, 'order_ids'],
  ['resume', { order_ids: ['a', 'a'] }, 'order_ids'],
  ['resume', { filter: {}, limit: 501 }, 'limit'],
  ['resume', { filter: { service: 'Yellow' } }, 'filter.service'],
  ['report', { origin: 'worker', orders: [] }, 'origin'],
  ['report', { origin: 'processing', order_ids: ['a'], orders: [report('b')] }, 'orders'],
  ['report', { origin: 'processing', after: 'b', orders: [report('b')] }, 'orders'],
  ['report', { origin: 'processing', orders: [report('a'), report('a')] }, 'orders'],
] as const)('%s of %j is refused with its field', async (procedure, input, path) => {
  const call = server.client.attention[procedure] as (input: unknown) => Promise<unknown>;
  await expect(call(input)).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    issues: [expect.objectContaining({ path })],
  });
});

test.each(['yesterday', '2026-03-01/worker/order-1', '2026-03-01T00:00:00.000Z/wallet/order-1'])(
  'the cursor %s, which no answer had, is refused',
  async (after) => {
    await expect(listed({ after })).rejects.toMatchObject({ code: 'CURSOR_INVALID', details: { after } });
  },
);

test('a token that may read lists and counts, and neither resumes nor reports', async () => {
  const reader = createCashbackClient({ url: server.url, token: READER_TOKEN });
  await reader.attention.list();
  await reader.attention.count();
  const refused = { code: 'FORBIDDEN' };
  await expect(reader.attention.resume({ order_ids: ['order-1'] })).rejects.toMatchObject(refused);
  await expect(reader.attention.report({ origin: 'processing', orders: [] })).rejects.toMatchObject(refused);
  reader.close();
});
