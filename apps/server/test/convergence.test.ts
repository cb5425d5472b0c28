import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestServer, registerInput, startTestServer, values } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());
beforeEach(() =>
  server.admin.pool.query('TRUNCATE cashback.order_clears, cashback.events, cashback.operations'),
);

const REWARDED = JSON.stringify([
  { source: 'user', amount: '5.0000' },
  { source: 'service', amount: '2.0000' },
]);

async function register(fields: Parameters<typeof registerInput>[0]): Promise<string> {
  const input = registerInput(fields);
  await server.client.register(input);
  return input.order_id;
}

async function change(orderId: string, assignments: string): Promise<void> {
  await server.admin.pool.query(`UPDATE cashback.order_clears SET ${assignments} WHERE order_id = $1`, [
    orderId,
  ]);
}

function amounts(user: string, service: string) {
  return [
    { source: 'user', amount: user },
    { source: 'service', amount: service },
  ];
}

test('without an unsettled order no service differs from its targets', async () => {
  const settled = await register(values('5', '2'));
  await change(settled, `settled_revision = revision, rewarded = '${REWARDED}'`);
  expect(await server.client.convergence()).toEqual({ as_of: expect.any(String), services: [] });
});

test('the difference of each service, currency and source is the sum of its parts, each order in one of them', async () => {
  const settled = await register(values('5', '2'));
  await change(settled, `settled_revision = revision, rewarded = '${REWARDED}'`);
  await register(values('10', '1'));
  const lowered = await register(values('5', '2'));
  await change(lowered, `settled_revision = revision, rewarded = '${REWARDED}'`);
  await register({ order_id: lowered, invoice_version: 2, ...values('1') });
  const stuck = await register(values('0.0001'));
  await change(stuck, `attention = 'stuck', attention_code = 'operation_stuck', attention_since = now()`);
  const ofOlderRelease = await register(values('3'));
  await change(ofOlderRelease, `attention = 'stuck', unsettled_since = '2026-01-01T00:00:00Z'`);
  const held = await register(values('0', '7'));
  await change(held, `attention = 'held', attention_code = 'held_by_breaker', attention_since = now()`);
  await register({ service: 'green', currency: 'EUR', ...values('0') });

  const { as_of, services } = await server.client.convergence();
  const [green, yellow, ...others] = services;
  expect(others).toEqual([]);
  expect(green).toMatchObject({ service: 'green', currency: 'EUR', difference: amounts('0.0000', '0.0000') });
  expect(green?.parts.map(({ part, orders }) => [part, orders])).toEqual([
    ['in_flight', 1],
    ['needs_attention', 0],
    ['awaiting_approval', 0],
    ['held_by_breaker', 0],
    ['pending_return_period', 0],
    ['owed', 0],
  ]);
  expect(yellow).toMatchObject({
    service: 'yellow',
    currency: 'USD',
    // 10 and 1, 1 - 5 and 0 - 2, 0.0001, 3, and 7.
    difference: amounts('9.0001', '6.0000'),
  });
  const parts = Object.fromEntries(yellow?.parts.map(({ part, ...rest }) => [part, rest]) ?? []);
  expect(parts['in_flight']).toMatchObject({ orders: 2, difference: amounts('6.0000', '-1.0000') });
  expect(parts['needs_attention']).toEqual({
    orders: 2,
    oldest_since: '2026-01-01T00:00:00.000Z',
    oldest_age_ms: Date.parse(as_of) - Date.parse('2026-01-01T00:00:00Z'),
    difference: amounts('3.0001', '0.0000'),
  });
  expect(parts['held_by_breaker']).toMatchObject({ orders: 1, difference: amounts('0.0000', '7.0000') });
  expect(parts['owed']).toEqual({
    orders: 0,
    oldest_since: null,
    oldest_age_ms: null,
    difference: amounts('0.0000', '0.0000'),
  });
});

test('a settled order that needs attention is in that part, and a service is shown alone when it is asked for', async () => {
  const orderId = await register(values('5', '2'));
  await change(orderId, `settled_revision = revision, rewarded = '${REWARDED}', attention = 'why'`);
  await register({ service: 'green', ...values('1') });
  const { services } = await server.client.convergence({ service: 'yellow' });
  expect(services).toHaveLength(1);
  expect(services[0]?.parts.find(({ orders }) => orders > 0)).toMatchObject({
    part: 'needs_attention',
    orders: 1,
    difference: amounts('0.0000', '0.0000'),
  });
});

test('a source of a newer release is summed like the others', async () => {
  const orderId = await register(values('5'));
  await server.admin.pool.query('ALTER TABLE cashback.events DROP CONSTRAINT events_source');
  await server.admin.pool.query(
    `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version) VALUES ($1, 'partner', 4, 1, 1)`,
    [orderId],
  );
  const { services } = await server.client.convergence();
  expect(services[0]?.difference).toEqual([
    ...amounts('5.0000', '0.0000'),
    { source: 'partner', amount: '4.0000' },
  ]);
});

test('sums of more digits than an amount may have are exact', async () => {
  for (const _ of [1, 2])
    await register({ ...values('999999999999.9999'), cleared_sum: '999999999999.9999' });
  const { services } = await server.client.convergence();
  expect(services[0]?.difference).toEqual(amounts('1999999999999.9998', '0.0000'));
});
