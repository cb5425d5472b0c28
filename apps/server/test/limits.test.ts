import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readUntil, untilLockWaits } from '@cashback/testing';
import { TOKEN, type TestServer, registerInput, snapshotOf, startTestServer, values } from './support.ts';

const MAX_AMOUNT = '999999999999.9999';
const ONE_MORE = '1000000000000.0000';
const LAST = 2_147_483_647;

let server: TestServer;
let rowsOfTable: Map<string, string[]>;
beforeAll(async () => {
  server = await startTestServer();
  rowsOfTable = await readTable();
});
afterAll(() => server?.stop());

/** The rows of docs/limits.md by their first cell. */
async function readTable(): Promise<Map<string, string[]>> {
  const text = await readFile(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| '));
  return new Map(
    rows.map((row) => {
      const [limit = '', ...cells] = row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim());
      return [limit, cells];
    }),
  );
}

/** Expects the table to have the limit, with this value and this error. */
function expectRow(limit: string, value: string, error: string): void {
  const [shown, , refusal] = rowsOfTable.get(limit) ?? [];
  expect({ limit, shown, refusal }).toEqual({
    limit,
    shown: expect.stringContaining(value),
    refusal: expect.stringContaining(error),
  });
}

interface Answer {
  status: number;
  code?: string;
  message?: string;
  retryable?: boolean;
  issues?: { path: string }[];
  details?: Record<string, unknown>;
  data?: Record<string, unknown>;
}

async function send(procedure: string, init: RequestInit, url = server.url): Promise<Answer> {
  const response = await fetch(`${url}/trpc/${procedure}`, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
  });
  const parsed = (await response.json()) as {
    error?: { message: string; data: { cashback: Omit<Answer, 'status' | 'message'> } };
    result?: { data: Record<string, unknown> };
  };
  const { error, result } = parsed;
  return {
    status: response.status,
    ...(error !== undefined && { message: error.message, ...error.data.cashback }),
    ...result,
  };
}

const mutate = (procedure: string, input: unknown, url?: string): Promise<Answer> =>
  send(procedure, { method: 'POST', body: JSON.stringify(input) }, url);
const query = (procedure: string, input: unknown): Promise<Answer> =>
  send(`${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`, { method: 'GET' });
const register = (fields: Record<string, unknown>) => mutate('register', { ...registerInput(), ...fields });
const rates = (fields: Record<string, unknown>) =>
  mutate('rates.put', {
    order_id: registerInput().order_id,
    service: 'yellow',
    rates: [{ source: 'user', rate: '0.05', ...fields }],
  });

const user = (value: string) => values(value);
const both = (value: string, other: string) => values(value, other);
const ofBytes = (bytes: number) => ({
  receipt: { text: 'é'.repeat((bytes - 11) / 2) + 'x'.repeat((bytes - 11) % 2) },
});
const ofDepth = (depth: number): Record<string, unknown> => (depth === 1 ? {} : { in: ofDepth(depth - 1) });

/** Limits of single fields: an input at the limit, and one above it. */
const FIELDS: [
  limit: string,
  value: string,
  path: string,
  at: () => Promise<Answer>,
  above: () => Promise<Answer>,
][] = [
  [
    'sources of a register',
    '2',
    'cashback_by_source',
    () => register(both('1', '2')),
    () =>
      register({
        cashback_by_source: [...(both('1', '2').cashback_by_source ?? []), { source: 'user', value: '3' }],
      }),
  ],
  ...(['order_id', 'user_id', 'wallet_id'] as const).map((field): (typeof FIELDS)[number] => [
    '`order_id`, `user_id`, `wallet_id`',
    '1 to 64',
    field,
    () => register({ [field]: `${field}:`.padEnd(64, 'x') }),
    () => register({ [field]: `${field}:`.padEnd(65, 'x') }),
  ]),
  [
    '`service`',
    '1 to 32',
    'service',
    () => register({ service: 'a'.repeat(32) }),
    () => register({ service: 'a'.repeat(33) }),
  ],
  ['`currency`', '3', 'currency', () => register({ currency: 'EUR' }), () => register({ currency: 'EURO' })],
  [
    'size of a `receipt`',
    '16,384 bytes',
    'receipt',
    () => register(ofBytes(16_384)),
    () => register(ofBytes(16_385)),
  ],
  [
    'depth of a `receipt`',
    '32',
    'receipt',
    () => register({ receipt: ofDepth(32) }),
    () => register({ receipt: ofDepth(33) }),
  ],
  ...(
    [
      ['cleared_sum', (value: string) => ({ cleared_sum: value })],
      ['cashback_sum', (value: string) => ({ cashback_by_source: undefined, cashback_sum: value })],
      ['cashback_by_source[0].value', (value: string) => user(value)],
    ] as const
  ).map(([path, fields]): (typeof FIELDS)[number] => [
    '`cleared_sum`, `cashback_sum`, `value`',
    '999,999,999,999.9999',
    path,
    () => register(fields(MAX_AMOUNT)),
    () => register(fields(ONE_MORE)),
  ]),
  [
    'sum of the values of a register',
    '999,999,999,999.9999',
    'cashback_by_source',
    () => register(both('999999999999.9998', '0.0001')),
    () => register(both('999999999999.9999', '0.0001')),
  ],
  [
    '`invoice_version`',
    '1 to 2,147,483,647',
    'invoice_version',
    () => register({ invoice_version: LAST }),
    () => register({ invoice_version: LAST + 1 }),
  ],
  [
    '`rates` of an order',
    '1 to 2',
    'rates',
    () => rates({}),
    () => mutate('rates.put', { order_id: 'a', service: 'yellow', rates: [] }),
  ],
  ['`rate`', '0 to 1, 6', 'rates[0].rate', () => rates({ rate: '1' }), () => rates({ rate: '1.000001' })],
  [
    '`rate`',
    '6 decimals',
    'rates[0].rate',
    () => rates({ rate: '0.000001' }),
    () => rates({ rate: '0.0000001' }),
  ],
  [
    '`max_value`',
    '999,999,999,999.9999',
    'rates[0].max_value',
    () => rates({ max_value: MAX_AMOUNT }),
    () => rates({ max_value: ONE_MORE }),
  ],
  [
    '`limit` of `events`',
    '1 to 1,000',
    'limit',
    () => query('events', { limit: 1_000 }),
    () => query('events', { limit: 1_001 }),
  ],
  [
    '`limit` of `events`',
    '1 to 1,000',
    'limit',
    () => query('events', { limit: 1 }),
    () => query('events', { limit: 0 }),
  ],
];

test.each(FIELDS)(
  '%s: %s works, one more is refused by its field (%s)',
  async (limit, value, path, at, above) => {
    expectRow(limit, value, '`BAD_REQUEST`');
    expect(await at()).toMatchObject({ status: 200 });
    const refused = await above();
    expect(refused).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect(refused.issues?.map((issue) => issue.path)).toContain(path);
  },
);

test('expected_revision: the largest number is compared, a larger one is refused by its field', async () => {
  expectRow('`expected_revision`', '0 to 2,147,483,647', '`BAD_REQUEST`');
  expect(await register({ expected_revision: LAST })).toMatchObject({
    status: 409,
    code: 'REVISION_CONFLICT',
  });
  expect(await register({ expected_revision: LAST + 1 })).toMatchObject({
    status: 400,
    code: 'BAD_REQUEST',
    issues: [{ path: 'expected_revision' }],
  });
});

test('after: a cursor of 64 characters is parsed, a longer one is refused by its field', async () => {
  expectRow('`after` of `events`', '64 characters', '`CURSOR_INVALID`');
  expect(await query('events', { after: '1'.repeat(64) })).toMatchObject({
    status: 400,
    code: 'CURSOR_INVALID',
  });
  expect(await query('events', { after: '1'.repeat(65) })).toMatchObject({
    status: 400,
    code: 'BAD_REQUEST',
    issues: [{ path: 'after' }],
  });
});

describe('requests', () => {
  const batchOf = (calls: number) => ({
    procedure: `${Array.from({ length: calls }, () => 'register').join(',')}?batch=1`,
    body: JSON.stringify(
      Object.fromEntries(Array.from({ length: calls }, (_, index) => [index, registerInput()])),
    ),
  });

  test('a batch of 50 calls works, one of 51 is refused as a whole', async () => {
    expectRow('calls in one HTTP request', '50', '`BAD_REQUEST`');
    const [full, tooLarge] = [batchOf(50), batchOf(51)];
    expect(await send(full.procedure, { method: 'POST', body: full.body })).toMatchObject({ status: 200 });
    const before = await snapshotOf(server);
    expect(await send(tooLarge.procedure, { method: 'POST', body: tooLarge.body })).toMatchObject({
      status: 400,
      code: 'BAD_REQUEST',
      message: expect.stringContaining('a batch of at most 50 calls, got 51'),
      retryable: false,
    });
    expect(await snapshotOf(server)).toBe(before);
  });

  test('a body of 1,048,576 bytes works, one byte more is refused', async () => {
    expectRow('body of an HTTP request', '1,048,576 bytes', '`PAYLOAD_TOO_LARGE`');
    const body = JSON.stringify(registerInput()).padEnd(1_048_576);
    expect(await send('register', { method: 'POST', body })).toMatchObject({ status: 200 });
    expect(await send('register', { method: 'POST', body: `${body} ` })).toMatchObject({
      status: 413,
      code: 'PAYLOAD_TOO_LARGE',
      retryable: false,
    });
  });
});

describe('a busy order', () => {
  let impatient: TestServer;
  beforeAll(async () => {
    impatient = await startTestServer({
      database_url: server.database_url,
      // Long enough for the call that is refused at once to be first.
      register_lock_timeout_ms: 3_000,
      register_max_pending: 2,
    });
  });
  afterAll(() => impatient?.stop());

  test('is waited for as long as configured, by at most the configured number of calls; further ones fail immediately', async () => {
    expectRow('wait for an order that another transaction holds', '1.5 s', '`OVERLOADED`');
    expectRow('registers that wait or run', '5,000', '`OVERLOADED`, immediately');
    const input = registerInput();
    await server.client.register(input);
    const holder = await server.admin.pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM cashback.order_clears WHERE order_id = $1 FOR UPDATE', [input.order_id]);

    const ended: string[] = [];
    const call = async (name: string) => {
      const answer = await mutate('register', { ...input, ...user('6') }, impatient.url);
      ended.push(name);
      return answer;
    };
    const waiting = [call('first'), call('second')];
    await untilLockWaits(server.admin.pool);
    expect(await call('third')).toMatchObject({ status: 503, code: 'OVERLOADED' });
    expect(ended).toEqual(['third']);
    for (const answer of await Promise.all(waiting)) {
      expect(answer).toMatchObject({ status: 503, code: 'OVERLOADED' });
    }
    await holder.query('ROLLBACK');
    holder.release();
    expect(await call('later')).toMatchObject({ status: 200, data: { outcome: 'registered', revision: 2 } });
  });
});

describe('the largest', () => {
  test('amount is stored and read back exactly, alone and as the sum of both sources', async () => {
    const { order_id } = registerInput();
    await server.client.register(registerInput({ order_id, cleared_sum: MAX_AMOUNT, ...user(MAX_AMOUNT) }));
    expect(await server.client.order({ order_id })).toMatchObject({
      cleared_sum: MAX_AMOUNT,
      cashback_sum: MAX_AMOUNT,
      target: [{ value: MAX_AMOUNT }, { value: '0.0000' }],
    });
    const split = both('0.0001', '999999999999.9998');
    const answer = await server.client.register(
      registerInput({ order_id, cashback_sum: MAX_AMOUNT, ...split }),
    );
    expect(answer).toMatchObject({ outcome: 'registered', cashback_sum: MAX_AMOUNT, ...split });
    const { rows } = await server.admin.pool.query<{ sum: string; values: string[] }>(
      `SELECT cashback_sum::text AS sum, array(
         SELECT value::text FROM cashback.events WHERE order_id = $1 ORDER BY revision, source
       ) AS values FROM cashback.order_clears WHERE order_id = $1`,
      [order_id],
    );
    expect(rows).toEqual([{ sum: MAX_AMOUNT, values: [MAX_AMOUNT, '999999999999.9998', '0.0001'] }]);
    const { events } = await server.client.events({ order_id });
    expect(events.map(({ value }) => value)).toEqual(rows[0]?.values);
  });

  test('revision is assigned; after it only another target is refused', async () => {
    expectRow('`revision` of an order', '2,147,483,647', '`REVISION_EXHAUSTED`');
    const { order_id } = registerInput();
    await server.client.register(registerInput({ order_id, ...user('5') }));
    await server.admin.pool.query(
      `UPDATE cashback.order_clears SET revision = ${LAST - 1} WHERE order_id = $1`,
      [order_id],
    );
    const last = registerInput({ order_id, expected_revision: LAST - 1, invoice_version: 2, ...user('6') });
    expect(await server.client.register(last)).toMatchObject({ outcome: 'registered', revision: LAST });

    const next = registerInput({ order_id, expected_revision: LAST, invoice_version: 3, ...user('7') });
    expect(await mutate('register', next)).toMatchObject({
      status: 409,
      code: 'REVISION_EXHAUSTED',
      details: { order_id, revision: LAST },
    });
    expect(await server.client.register({ ...last, invoice_version: 3 })).toMatchObject({
      outcome: 'unchanged',
      revision: LAST,
      invoice_version: 3,
    });
    expect(await server.client.order({ order_id })).toMatchObject({ revision: LAST, cashback_sum: '6.0000' });
    expect((await server.client.events({ order_id })).events.at(-1)).toMatchObject({ revision: LAST });
  });
});

test('an order with more than 10,000 events lists the newest, and the feed has all of them, 1000 a page', async () => {
  expectRow('events of one order in an answer', 'the newest 10,000', 'none');
  const order_id = 'long-history';
  await server.client.register(registerInput({ order_id }));
  await server.admin.pool.query(
    `INSERT INTO cashback.events (order_id, value, revision, invoice_version)
     SELECT $1, 1, revision, 1 FROM generate_series(2, 10001) AS revision`,
    [order_id],
  );
  const { events } = await server.client.events({ order_id });
  expect(events).toHaveLength(10_000);
  expect([events[0]?.revision, events.at(-1)?.revision]).toEqual([2, 10_001]);

  const pages = await readUntil(async () => {
    const sizes: number[] = [];
    let found = 0;
    for await (const page of server.client.feed({ limit: 1_000 })) {
      sizes.push(page.events.length);
      found += page.events.filter((event) => event.order_id === order_id).length;
    }
    return found === 10_001 && sizes;
  });
  expect(Math.max(...pages)).toBe(1_000);
});
