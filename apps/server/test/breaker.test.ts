import { createCashbackClient } from '@cashback/client';
import { parseAmount } from '@cashback/contract';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  READER_TOKEN,
  type TestServer,
  queuedJobs,
  registerInput,
  startTestServer,
  values,
} from './support.ts';

const HOUR_S = 3_600;

let server: TestServer;
beforeAll(async () => {
  const max_growth = parseAmount('100');
  server = await startTestServer({ breaker: { yellow: { window_s: 30 * 24 * HOUR_S, max_growth } } });
});
afterAll(() => server?.stop());
beforeEach(() =>
  server.admin.pool.query(
    'TRUNCATE cashback.order_clears, cashback.events, cashback.breaker_windows, cashback.breaker_releases',
  ),
);

async function register(fields: Parameters<typeof registerInput>[0]): Promise<string> {
  const input = registerInput({ cleared_sum: '1000', ...fields });
  await server.client.register(input);
  return input.order_id;
}

async function heldOrders() {
  const { orders } = await server.client.breaker.list();
  return orders.map(({ order_id, allowed }) => [
    order_id,
    ...allowed.map(({ source, amount }) => `${source} ${amount}`),
  ]);
}

test('targets pass up to the bound; a target above it is held, with the reason, and a smaller one still passes', async () => {
  await register(values('40', '20'));
  const beyond = await register(values('30.0001', '10'));
  await register(values('40'));
  expect(await heldOrders()).toEqual([[beyond, 'user 0.0000', 'service 0.0000']]);
  const { orders } = await server.client.breaker.list({ service: 'yellow' });
  expect(orders[0]).toMatchObject({
    service: 'yellow',
    currency: 'USD',
    revision: 1,
    target: [
      { source: 'user', value: '30.0001' },
      { source: 'service', value: '10.0000' },
    ],
    growth: '100.0001',
    max_growth: '100.0000',
  });
  expect(await server.client.order({ order_id: beyond })).toMatchObject({
    state: 'needs_attention',
    attention: expect.stringContaining('waits for a release'),
  });
  expect(await server.client.breaker.list({ service: 'green' })).toEqual({ orders: [], cursor: null });
});

test('the part of a change that lowers a target is allowed at once, and takes nothing off the growth', async () => {
  const order_id = await register(values('60', '40'));
  await register({ order_id, invoice_version: 2, ...values('10', '41') });
  expect(await heldOrders()).toEqual([[order_id, 'user 10.0000', 'service 40.0000']]);
  // A source that was lowered below its allowance stays there.
  await register({ order_id, invoice_version: 3, ...values('50', '0') });
  expect(await heldOrders()).toEqual([[order_id, 'user 10.0000', 'service 0.0000']]);
  await register({ order_id, invoice_version: 4, ...values('10', '0') });
  expect(await heldOrders()).toEqual([]);
});

test('a corrected target within the bound is released; held growth is not counted', async () => {
  const order_id = await register(values('500'));
  await register({ order_id, invoice_version: 2, ...values('50') });
  expect(await heldOrders()).toEqual([]);
  expect(await server.client.order({ order_id })).toMatchObject({ state: 'in_flight' });
  expect(await heldOrders()).toEqual([]);
});

test('the same target again releases nothing', async () => {
  const order_id = await register(values('500'));
  await register({ order_id, ...values('500') });
  await register({ order_id, invoice_version: 2, ...values('500') });
  expect(await server.client.order({ order_id })).toMatchObject({ state: 'needs_attention' });
  expect(await heldOrders()).toHaveLength(1);
});

test('currencies and services are counted apart, and one without a bound grows freely', async () => {
  await register(values('100'));
  await register({ currency: 'EUR', ...values('100') });
  await register({ service: 'green', ...values('999') });
  expect(await heldOrders()).toEqual([]);
});

test('a new window starts at nothing', async () => {
  await register(values('100'));
  await server.admin.pool.query(
    `UPDATE cashback.breaker_windows SET window_start = window_start - window_s * interval '1 second'`,
  );
  await register(values('100'));
  expect(await heldOrders()).toEqual([]);
  await register(values('0.0001'));
  expect(await heldOrders()).toHaveLength(1);
});

test('a register that is rolled back counts nothing', async () => {
  await server.admin.pool.query(
    `ALTER TABLE cashback.events ADD CONSTRAINT refused CHECK (value <> 7) NOT VALID`,
  );
  await expect(register(values('7'))).rejects.toMatchObject({ code: 'INTERNAL' });
  await server.admin.pool.query('ALTER TABLE cashback.events DROP CONSTRAINT refused');
  await register(values('100'));
  expect(await heldOrders()).toEqual([]);
});

test('registers that arrive at once on several servers pass up to the bound, and the rest is held', async () => {
  const max_growth = parseAmount('100');
  const other = await startTestServer({
    database_url: server.database_url,
    breaker: { yellow: { window_s: 30 * 24 * HOUR_S, max_growth } },
    register_group_size: 7,
  });
  try {
    const inputs = Array.from({ length: 200 }, () => registerInput({ ...values('1'), cleared_sum: '1000' }));
    await Promise.all(
      inputs.map((input, index) => (index % 2 === 0 ? server : other).client.register(input)),
    );
    expect(await heldOrders()).toHaveLength(100);
    const { rows } = await server.admin.pool.query<{ growth: string }>(
      'SELECT growth FROM cashback.breaker_windows',
    );
    expect(rows).toEqual([{ growth: '100.0000' }]);
  } finally {
    await other.stop();
  }
});

test('a release is of the revision that was seen, queues the order, and is recorded with caller and reason', async () => {
  const released = await register(values('500'));
  const changed = await register(values('500'));
  await register({ order_id: changed, invoice_version: 2, ...values('600') });
  const free = await register(values('1'));
  await server.admin.pool.query(`DELETE FROM cashback_jobs.job`);
  const orders = [
    { order_id: changed, revision: 1 },
    { order_id: released, revision: 1 },
    { order_id: free, revision: 1 },
    { order_id: 'never', revision: 1 },
  ];
  const reason = 'a promotion, agreed with finance';
  expect(await server.client.breaker.release({ orders, reason })).toEqual({
    orders: [
      { order_id: changed, outcome: 'other_revision' },
      { order_id: released, outcome: 'released' },
      { order_id: free, outcome: 'not_held' },
      { order_id: 'never', outcome: 'not_found' },
    ],
  });
  expect(await server.client.order({ order_id: released })).toMatchObject({ state: 'in_flight' });
  expect(await queuedJobs(server, released)).toBe(1);
  expect(await heldOrders()).toEqual([[changed, 'user 0.0000']]);
  const { rows } = await server.admin.pool.query(
    'SELECT order_id, revision, caller, reason, hold FROM cashback.breaker_releases',
  );
  expect(rows).toEqual([
    {
      order_id: released,
      revision: 1,
      caller: 'test',
      reason,
      hold: expect.objectContaining({ growth: '500.0000' }),
    },
  ]);
  // The lost answer of a release may be asked for again.
  expect(
    await server.client.breaker.release({ orders: [{ order_id: released, revision: 1 }], reason }),
  ).toEqual({ orders: [{ order_id: released, outcome: 'not_held' }] });
});

test('the list has pages, a held order is in its part of the convergence, and releasing needs a scope of its own', async () => {
  const ids = await Promise.all([1, 2, 3].map(() => register(values('200'))));
  const first = await server.client.breaker.list({ limit: 2 });
  const second = await server.client.breaker.list({ limit: 2, after: first.cursor ?? '' });
  expect([...first.orders, ...second.orders].map(({ order_id }) => order_id)).toEqual(ids.toSorted());
  expect(second.cursor).toBeNull();
  const { services } = await server.client.convergence();
  expect(services[0]?.parts.find(({ part }) => part === 'held_by_breaker')).toMatchObject({ orders: 3 });

  const reader = createCashbackClient({ url: server.url, token: READER_TOKEN });
  const orders = ids.map((order_id) => ({ order_id, revision: 1 }));
  await expect(reader.breaker.release({ orders, reason: 'why' })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  reader.close();
});

test.each([
  [{ orders: [], reason: 'why' }],
  [
    {
      orders: [
        { order_id: 'a', revision: 1 },
        { order_id: 'a', revision: 1 },
      ],
      reason: 'why',
    },
  ],
  [{ orders: [{ order_id: 'a', revision: 1 }], reason: '' }],
])('a release of %j is refused', async (input) => {
  await expect(server.client.breaker.release(input)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});
