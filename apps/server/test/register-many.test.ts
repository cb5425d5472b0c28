import { createCashbackClient } from '@cashback/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  READER_TOKEN,
  TOKEN,
  type TestServer,
  queuedJobs,
  registerInput,
  snapshotOf,
  startTestServer,
  values,
} from './support.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function post(body: unknown, token = TOKEN): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.url}/trpc/register_many`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

test('500 items are registered, each with an answer in its place and a job', async () => {
  const inputs = Array.from({ length: 500 }, (_, index) =>
    registerInput(values(`${index + 1}`, `${index}.5`)),
  );
  const { status, body } = await post(inputs);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    result: {
      data: inputs.map((_, index) => ({
        result: { outcome: 'registered', revision: 1, cashback_sum: `${2 * index + 1}.5000` },
      })),
    },
  });
  for (const { order_id } of [inputs[0], inputs[499]].filter((input) => input !== undefined)) {
    expect(await server.client.events({ order_id })).toMatchObject({ events: [{ order_id }, { order_id }] });
    expect(await queuedJobs(server, order_id)).toBe(1);
  }
});

test('malformed and refused items fail alone, each with the error that register gives', async () => {
  const stored = registerInput();
  await server.client.register(stored);
  const good = registerInput();
  const { body } = await post([
    { ...stored, wallet_id: 'another-wallet' },
    { ...registerInput(), currency: 'dollars', surprise: 1 },
    'not an object',
    good,
    null,
    { ...stored, expected_revision: 9, ...values('77') },
  ]);
  expect(body).toMatchObject({
    result: {
      data: [
        { error: { code: 'IMMUTABLE_FIELD', retryable: false, details: { order_id: stored.order_id } } },
        { error: { code: 'BAD_REQUEST', issues: [{ path: 'currency' }, { path: 'surprise' }] } },
        { error: { code: 'BAD_REQUEST', retryable: false } },
        { result: { outcome: 'registered' } },
        { error: { code: 'BAD_REQUEST', retryable: false } },
        {
          error: {
            code: 'REVISION_CONFLICT',
            retryable: true,
            details: { expected_revision: 9, revision: 1 },
          },
        },
      ],
    },
  });
  expect((await server.client.order({ order_id: good.order_id })).revision).toBe(1);
});

test('items of one order take effect in their order', async () => {
  const input = registerInput();
  const versions = [1, 3, 2, 3, 4];
  const results = await server.client.registerMany(
    versions.map((invoice_version, index) => ({ ...input, invoice_version, ...values(`${index + 1}`) })),
  );
  expect(results).toMatchObject([
    { result: { outcome: 'registered', revision: 1 } },
    { result: { outcome: 'registered', revision: 2 } },
    { result: { outcome: 'stale', revision: 2 } },
    { result: { outcome: 'registered', revision: 3 } },
    { result: { outcome: 'registered', revision: 4, cashback_sum: '5.0000' } },
  ]);
});

test('repeated items are all unchanged', async () => {
  const inputs = Array.from({ length: 30 }, () => registerInput());
  await server.client.registerMany(inputs);
  const again = await server.client.registerMany(inputs);
  expect(again).toMatchObject(inputs.map(() => ({ result: { outcome: 'unchanged', revision: 1 } })));
});

test('a refused register has the same error with and without batching', async () => {
  const stored = registerInput();
  await server.client.register(stored);
  const wrong = { ...stored, user_id: 'another' };
  const alone = createCashbackClient({ url: server.url, token: TOKEN, batching: false });
  const errors = await Promise.all(
    [server.client, alone].map((client) => client.register(wrong).catch(shown)),
  );
  expect(errors[0]).toEqual(errors[1]);
  expect(errors[0]).toMatchObject({ code: 'IMMUTABLE_FIELD', details: { field: 'user_id' } });
});

function shown({ code, message, retryable, details, issues }: Record<string, unknown>) {
  return { code, message, retryable, details, issues };
}

let before: string;
beforeEach(async () => {
  before = await snapshotOf(server);
});

test.each([
  ['no item', []],
  ['501 items', Array.from({ length: 501 }, () => ({}))],
  ['something else than a list', { order_id: 'a' }],
])('%s is refused as a whole', async (_, body) => {
  expect(await post(body)).toMatchObject({
    status: 400,
    body: {
      error: {
        data: { cashback: { code: 'BAD_REQUEST' } },
        message: expect.stringContaining('1 to 500 registers'),
      },
    },
  });
  expect(await snapshotOf(server)).toBe(before);
});

test('a token without the scope is refused', async () => {
  expect(await post([registerInput()], READER_TOKEN)).toMatchObject({
    status: 403,
    body: { error: { message: 'the token lacks the scope "register"' } },
  });
  expect(await snapshotOf(server)).toBe(before);
});
