import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import {
  READER_TOKEN,
  TOKEN,
  type TestServer,
  registerInput,
  snapshotOf,
  startTestServer,
} from './support.ts';

let server: TestServer;
let before: string;

beforeAll(async () => {
  server = await startTestServer();
  await server.client.register(registerInput({ order_id: 'known' }));
  before = await snapshotOf(server);
});
afterAll(() => server?.stop());

const errorBody = z.object({
  error: z.object({
    message: z.string(),
    data: z.object({
      cashback: z.strictObject({
        code: z.string(),
        retryable: z.boolean(),
        details: z.record(z.string(), z.unknown()),
        issues: z.array(
          z.strictObject({
            path: z.string(),
            expected: z.string(),
            received: z.string(),
            message: z.string(),
          }),
        ),
      }),
    }),
  }),
});

async function post(path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/trpc/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    body,
  });
  const answer = errorBody.parse(await response.json());
  return { status: response.status, message: answer.error.message, ...answer.error.data.cashback };
}

function register(fields: Record<string, unknown>) {
  return post('register', JSON.stringify({ ...registerInput(), ...fields }));
}

const AMOUNT = 'an amount as a string such as "100.0000": up to 12 digits, up to 4 decimals, no sign';

test.each([
  ['1.00001', '"1.00001"'],
  ['NaN', '"NaN"'],
  ['Infinity', '"Infinity"'],
  ['-1', '"-1"'],
  ['+1', '"+1"'],
  ['1e3', '"1e3"'],
  ['01', '"01"'],
  ['1,5', '"1,5"'],
  ['', '""'],
  [' 1', '" 1"'],
  ['1000000000000', '"1000000000000"'],
  [5, '5'],
  [null, 'null'],
])('an amount %j is refused with what was expected and what was received', async (value, received) => {
  const answers = await Promise.all([
    register({ cleared_sum: value }),
    register({ cashback_by_source: [{ source: 'service', value }] }),
    register({ cashback_by_source: undefined, cashback_sum: value }),
  ]);
  const paths = ['cleared_sum', 'cashback_by_source[0].value', 'cashback_sum'];
  answers.forEach((answer, index) => {
    const path = paths[index];
    const message = `${path}: expected ${AMOUNT}, got ${received}`;
    expect(answer).toMatchObject({ status: 400, code: 'BAD_REQUEST', retryable: false, message });
    expect(answer.issues).toEqual([{ path, expected: AMOUNT, received, message }]);
  });
  expect(await snapshotOf(server)).toBe(before);
});

const SUM = { cashback_by_source: [{ source: 'user', value: '5' }] };

test.each<[string, Record<string, unknown>, string, string]>([
  [
    'an unknown source',
    { cashback_by_source: [{ source: 'shop', value: '5' }] },
    'cashback_by_source[0].source',
    'one of "user", "service"',
  ],
  [
    'a source given twice',
    {
      cashback_by_source: [
        { source: 'user', value: '5' },
        { source: 'user', value: '5' },
      ],
    },
    'cashback_by_source[1].source',
    'each source at most once',
  ],
  ['a field that is not known', { ...SUM, comment: 'x' }, 'comment', 'no field of this name'],
  [
    'a field of a source that is not known',
    { cashback_by_source: [{ source: 'user', value: '5', delta: '1' }] },
    'cashback_by_source[0].delta',
    'no field of this name',
  ],
  [
    'neither a sum nor amounts by source',
    { cashback_by_source: undefined },
    'cashback_by_source',
    'cashback_by_source or cashback_sum (or both)',
  ],
  [
    'an id with a space',
    { ...SUM, order_id: 'a b' },
    'order_id',
    '1 to 64 characters of A-Z a-z 0-9 _ . : -',
  ],
  [
    'an id that is too long',
    { ...SUM, order_id: 'a'.repeat(65) },
    'order_id',
    '1 to 64 characters of A-Z a-z 0-9 _ . : -',
  ],
  [
    'an invoice version of zero',
    { ...SUM, invoice_version: 0 },
    'invoice_version',
    'a version: a whole number from 1 to 2147483647',
  ],
  [
    'an invoice version that is a text',
    { ...SUM, invoice_version: '1' },
    'invoice_version',
    'a version: a whole number from 1 to 2147483647',
  ],
  [
    'a currency in small letters',
    { ...SUM, currency: 'usd' },
    'currency',
    'a currency: three capital letters, ISO 4217',
  ],
  [
    'a receipt that is too large',
    { ...SUM, receipt: { text: 'x'.repeat(16_384) } },
    'receipt',
    'a receipt of at most 16384 bytes of JSON',
  ],
  [
    'a receipt with NUL',
    { ...SUM, receipt: { text: 'a\0b' } },
    'receipt',
    'a receipt whose texts have no NUL and no half of a surrogate pair',
  ],
  [
    'a receipt with half of a surrogate pair',
    { ...SUM, receipt: { '\ud800': 1 } },
    'receipt',
    'a receipt whose texts have no NUL and no half of a surrogate pair',
  ],
  [
    'a receipt that is nested too deep',
    { ...SUM, receipt: nested(1_000) },
    'receipt',
    'a receipt nested at most 32 deep',
  ],
])('%s is refused by its field, and changes nothing', async (_, fields, path, expected) => {
  const answer = await register(fields);
  expect(answer).toMatchObject({ status: 400, code: 'BAD_REQUEST', retryable: false });
  expect(answer.issues).toMatchObject([{ path, expected }]);
  expect(answer.message).toContain(`${path}: expected ${expected}`);
  expect(await snapshotOf(server)).toBe(before);
});

test('one answer names every malformed field', async () => {
  const { issues } = await post('register', '{"order_id":"x","cleared_sum":1}');
  expect(issues.map(({ path }) => path)).toEqual([
    'service',
    'user_id',
    'wallet_id',
    'currency',
    'invoice_version',
    'cleared_sum',
  ]);
});

test.each([
  ['of a new order', 'new'],
  ['of a known order', 'known'],
])('a sum that is not the sum of its sources is refused, %s', async (_, order_id) => {
  expect(await register({ order_id, cashback_sum: '6.00', ...SUM })).toMatchObject({
    status: 400,
    code: 'SUM_MISMATCH',
    retryable: false,
    details: { order_id, cashback_sum: '6.0000', sum_by_source: '5.0000' },
  });
  expect(await snapshotOf(server)).toBe(before);
});

test('malformed JSON is refused as such', async () => {
  expect(await post('register', '{"order_id":')).toMatchObject({
    status: 400,
    code: 'BAD_REQUEST',
    message: expect.stringContaining('the input is not JSON'),
  });
});

test('a body that is not JSON is refused', async () => {
  const answer = await post('register', 'order_id=1', {
    'content-type': 'application/x-www-form-urlencoded',
  });
  expect(answer).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
});

test.each([
  ['no token', { authorization: '' }],
  ['an unknown token', { authorization: 'Bearer someone-elses-token' }],
  ['another kind of authorization', { authorization: `Basic ${TOKEN}` }],
])('%s is refused before the body is read', async (_, headers) => {
  expect(await post('register', '{', headers)).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
});

test('a token without the scope is refused, and the scope is named', async () => {
  const headers = { authorization: `Bearer ${READER_TOKEN}` };
  expect(await post('register', JSON.stringify(registerInput()), headers)).toMatchObject({
    status: 403,
    code: 'FORBIDDEN',
    message: 'the token lacks the scope "register"',
  });
  expect(await snapshotOf(server)).toBe(before);
});

test('an unknown procedure is not found', async () => {
  expect(await post('unregister', '{}')).toMatchObject({ status: 404, code: 'NOT_FOUND' });
});

test('/health needs no token', async () => {
  const response = await fetch(`${server.url}/health`);
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok', name: 'server' }]);
});

function nested(depth: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let level = 0; level < depth; level++) value = { value };
  return value;
}
