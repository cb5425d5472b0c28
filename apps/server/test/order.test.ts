import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestServer, registerInput, startTestServer, values } from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

async function write(sql: string, ...parameters: unknown[]): Promise<void> {
  await server.admin.pool.query(sql, parameters);
}

test('an order that was never registered is not found', async () => {
  await expect(server.client.order({ order_id: 'never' })).rejects.toMatchObject({
    code: 'ORDER_NOT_FOUND',
    retryable: false,
    details: { order_id: 'never' },
  });
});

test('an order is in flight until its newest revision is settled, and needs attention when attention is set', async () => {
  const input = registerInput({ ...values('5', '2'), receipt: { lines: [{ item: 'a', value: '7' }] } });
  const { order_id } = input;
  await server.client.register(input);
  expect(await server.client.order({ order_id })).toEqual({
    order_id,
    service: 'yellow',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'USD',
    invoice_epoch: 1,
    invoice_version: 1,
    cleared_sum: '100.0000',
    cashback_sum: '7.0000',
    revision: 1,
    settled_revision: 0,
    state: 'in_flight',
    target: [
      { source: 'user', value: '5.0000' },
      { source: 'service', value: '2.0000' },
    ],
    rewarded: [],
    operations: [],
    receipt: { lines: [{ item: 'a', value: '7' }] },
    created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  });

  await write(
    `UPDATE cashback.order_clears SET settled_revision = 1, rewarded = '[{"source":"user","amount":"5.0000"}]' WHERE order_id = $1`,
    order_id,
  );
  expect(await server.client.order({ order_id })).toMatchObject({
    state: 'settled',
    rewarded: [{ source: 'user', amount: '5.0000' }],
  });

  await server.client.register(registerInput({ order_id, ...values('6', '2') }));
  expect(await server.client.order({ order_id })).toMatchObject({ state: 'in_flight', settled_revision: 1 });

  await write(
    `UPDATE cashback.order_clears SET attention = 'the payee differs' WHERE order_id = $1`,
    order_id,
  );
  expect(await server.client.order({ order_id })).toMatchObject({
    state: 'needs_attention',
    attention: 'the payee differs',
  });
});

test('an order shows what its wallet owes, for as long as it does', async () => {
  const { order_id } = registerInput();
  await server.client.register(registerInput({ order_id, ...values('0', '0') }));
  const owed = [{ source: 'user', amount: '2.0000' }];
  await write(
    `UPDATE cashback.order_clears SET rewarded = $2::jsonb, attention = 'the wallet owes', attention_code = 'owed',
       attention_details = jsonb_build_object('owed', $2::jsonb)
     WHERE order_id = $1`,
    order_id,
    JSON.stringify(owed),
  );
  const owing = await server.client.order({ order_id });
  expect(owing).toMatchObject({ state: 'needs_attention', attention_code: 'owed', rewarded: owed, owed });
  await write('UPDATE cashback.order_clears SET attention = NULL WHERE order_id = $1', order_id);
  expect(await server.client.order({ order_id })).not.toHaveProperty('owed');
});

test('the newest 50 operations are shown, newest first, each with its outcome or none yet', async () => {
  const { order_id } = registerInput();
  await server.client.register(registerInput({ order_id }));
  await write(
    `INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward, created_at)
     SELECT $1, 'operation-' || n, n, n, 'user-1', 'wallet-1', 'USD', '[{"source":"user","amount":"5.0000"}]',
       timestamptz '2026-01-02T03:04:05Z' + n * interval '1 second'
     FROM generate_series(1, 60) AS n`,
    order_id,
  );
  await write(
    `INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, reason, rewarded, created_at)
     VALUES ($1, 'operation-59', 'failed', 'the wallet is closed', '[]', '2026-01-02T04:00:00Z'),
       ($1, 'operation-58', 'applied', NULL, '[]', '2026-01-02T04:00:00.5Z')`,
    order_id,
  );
  const { operations } = await server.client.order({ order_id });
  expect(operations.map(({ operation_id }) => operation_id)).toEqual(
    Array.from({ length: 50 }, (_, index) => `operation-${60 - index}`),
  );
  const operation = { reward: [{ source: 'user', amount: '5.0000' }] };
  expect(operations.slice(0, 3)).toEqual([
    {
      ...operation,
      operation_id: 'operation-60',
      revision: 60,
      created_at: '2026-01-02T03:05:05.000Z',
      outcome: null,
      reason: null,
      finished_at: null,
    },
    {
      ...operation,
      operation_id: 'operation-59',
      revision: 59,
      created_at: '2026-01-02T03:05:04.000Z',
      outcome: 'failed',
      reason: 'the wallet is closed',
      finished_at: '2026-01-02T04:00:00.000Z',
    },
    {
      ...operation,
      operation_id: 'operation-58',
      revision: 58,
      created_at: '2026-01-02T03:05:03.000Z',
      outcome: 'applied',
      reason: null,
      finished_at: '2026-01-02T04:00:00.500Z',
    },
  ]);
});
