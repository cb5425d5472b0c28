import { createCashbackClient } from '@cashback/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  READER_TOKEN,
  type TestServer,
  queuedJobs,
  registerInput,
  startTestServer,
  values,
} from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.stop());

const FROM = { user_id: 'user-1', wallet_id: 'wallet-1' };
const TO = { user_id: 'user-2', wallet_id: 'wallet-2' };

async function registered(): Promise<string> {
  const input = registerInput(values('5', '2'));
  await server.client.register(input);
  return input.order_id;
}

const changeOf = (order_id: string) => ({
  order_id,
  expected_revision: 1,
  from: FROM,
  to: TO,
  reason: 'users merged',
});

async function changes(order_id: string) {
  const { rows } = await server.admin.pool.query(
    'SELECT * FROM cashback.payee_changes WHERE order_id = $1 ORDER BY revision',
    [order_id],
  );
  return rows;
}

test('a change of payee is a revision with the same target, queued once, and recorded with its caller and reason', async () => {
  const order_id = await registered();
  expect(await server.client.changePayee(changeOf(order_id))).toEqual({
    order_id,
    outcome: 'changed',
    revision: 2,
  });
  expect(await server.client.order({ order_id })).toMatchObject({
    ...TO,
    revision: 2,
    state: 'in_flight',
    target: [
      { source: 'user', value: '5.0000' },
      { source: 'service', value: '2.0000' },
    ],
  });
  expect(await changes(order_id)).toMatchObject([
    {
      revision: 2,
      from_user_id: 'user-1',
      from_wallet_id: 'wallet-1',
      to_user_id: 'user-2',
      to_wallet_id: 'wallet-2',
      reason: 'users merged',
      caller: expect.stringMatching(/./),
    },
  ]);
  expect(await queuedJobs(server, order_id)).toBe(1);
});

test('a repeat changes nothing, whatever happened since', async () => {
  const order_id = await registered();
  await server.client.changePayee(changeOf(order_id));
  await server.client.register(registerInput({ order_id, invoice_version: 2, ...TO, ...values('6', '2') }));
  expect(await server.client.changePayee(changeOf(order_id))).toMatchObject({
    outcome: 'unchanged',
    revision: 3,
  });
  expect(await changes(order_id)).toHaveLength(1);
});

test('of concurrent changes to different payees one is made', async () => {
  const order_id = await registered();
  const results = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((name) =>
      server.client.changePayee({ ...changeOf(order_id), to: { user_id: name, wallet_id: name } }),
    ),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'PAYEE_MISMATCH' });
  }
  expect(await changes(order_id)).toHaveLength(1);
});

test.each([
  ['an order that was never registered', { order_id: 'never' }, 'ORDER_NOT_FOUND'],
  ['another revision', { expected_revision: 7 }, 'REVISION_CONFLICT'],
  ['another payee before', { from: { user_id: 'x', wallet_id: 'x' } }, 'PAYEE_MISMATCH'],
  ['no reason', { reason: '' }, 'BAD_REQUEST'],
])('with %s it is refused, and nothing changes', async (_, fields, code) => {
  const order_id = await registered();
  const input = { ...changeOf(order_id), ...fields };
  await expect(server.client.changePayee(input)).rejects.toMatchObject({ code });
  expect(await server.client.order({ order_id })).toMatchObject({ ...FROM, revision: 1 });
  expect(await changes(order_id)).toEqual([]);
});

test('a register with the payee before is refused afterwards, one with the new payee is not', async () => {
  const order_id = await registered();
  await server.client.changePayee(changeOf(order_id));
  const input = registerInput({ order_id, invoice_version: 2, ...values('1', '1') });
  await expect(server.client.register(input)).rejects.toMatchObject({ code: 'IMMUTABLE_FIELD' });
  expect(await server.client.register({ ...input, ...TO })).toMatchObject({ revision: 3 });
});

test('a token without the scope changes no payee', async () => {
  const order_id = await registered();
  const reader = createCashbackClient({ url: server.url, token: READER_TOKEN });
  await expect(reader.changePayee(changeOf(order_id))).rejects.toMatchObject({ code: 'FORBIDDEN' });
  reader.close();
});
