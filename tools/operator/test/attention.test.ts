import { type Database, openDatabase } from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from './support/run-command.ts';
import { type App, startServerOf } from './support/start-apps.ts';

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
let server: App;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'test' });
  const tokens = [
    { caller: 'operator', token: 'token-of-the-operator', scopes: ['order', 'attention'] },
    { caller: 'reader', token: 'token-of-the-reader', scopes: ['order'] },
  ];
  server = await startServerOf(testDatabase.url, [], { BEARER_TOKENS: JSON.stringify(tokens) });
});
afterAll(async () => {
  await server?.stop();
  await database?.close();
  await testDatabase?.drop();
});

/** Orders that have needed attention for as many hours as their number, and one that processing reports. */
beforeEach(async () => {
  await database.pool.query(`TRUNCATE cashback.order_clears, cashback.reported_attention`);
  await database.pool.query(
    `INSERT INTO cashback.order_clears
       (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision,
         attention, attention_code, attention_since)
     SELECT 'order-' || n, CASE WHEN n > 4 THEN 'green' ELSE 'yellow' END, 'u', 'w', 'USD', 1, 1, 0, 1, 'a reason',
       CASE WHEN n = 4 THEN 'held_by_breaker' ELSE 'operation_stuck' END, now() - n * interval '1 hour'
     FROM generate_series(1, 5) AS n;
     INSERT INTO cashback.reported_attention (order_id, origin, service, code, reason, since)
     VALUES ('order-p', 'processing', 'yellow', 'rates_missing', 'the order has no rates', now() - interval '3 days')`,
  );
});

function run(options: string[], env: Record<string, string> = {}) {
  return runCommand('attention', options, {
    CASHBACK_URL: server.url,
    CASHBACK_TOKEN: 'token-of-the-operator',
    ...env,
  });
}

async function needing(): Promise<string[]> {
  const { rows } = await database.pool.query<{ order_id: string }>(
    'SELECT order_id FROM cashback.order_clears WHERE attention IS NOT NULL ORDER BY order_id',
  );
  return rows.map(({ order_id }) => order_id);
}

describe('attention list', () => {
  test('prints a table of the orders, those that have needed it for longest first', async () => {
    const { code, out } = await run(['list', '--limit', '3']);
    expect([code, out]).toEqual([
      0,
      [
        'AGE  ORIGIN      CODE             SERVICE  ORDER    REASON',
        '3d   processing  rates_missing    yellow   order-p  the order has no rates',
        '5h   worker      operation_stuck  green    order-5  a reason',
        '4h   worker      held_by_breaker  yellow   order-4  a reason',
        'there are more: --limit',
        '',
      ].join('\n'),
    ]);
  });

  test('prints a line of JSON for each that a filter finds', async () => {
    const { code, out } = await run([
      'list',
      '--code',
      'operation_stuck',
      '--service',
      'yellow',
      '--older-than',
      '90m',
      '--json',
    ]);
    const lines = out.trim().split('\n');
    expect([code, lines.map((line) => (JSON.parse(line) as { order_id: string }).order_id)]).toEqual([
      0,
      ['order-3', 'order-2'],
    ]);
  });
});

test('attention count prints how many there are by service, app and code', async () => {
  const { code, out } = await run(['count']);
  expect([code, out]).toEqual([
    0,
    [
      'ORDERS  OLDEST  SERVICE  ORIGIN      CODE',
      '1       5h      green    worker      operation_stuck',
      '1       3d      yellow   processing  rates_missing',
      '1       4h      yellow   worker      held_by_breaker',
      '3       3h      yellow   worker      operation_stuck',
      '',
    ].join('\n'),
  ]);
  expect(JSON.parse((await run(['count', '--origin', 'processing', '--json'])).out)).toMatchObject({
    counts: [{ code: 'rates_missing', orders: 1 }],
  });
  expect((await run(['count', '--code', 'foreign_writer'])).out).toBe('no order needs attention\n');
});

describe('attention resume', () => {
  test('resumes given orders, and names those that it could not', async () => {
    const { code, out } = await run(['resume', 'order-1', 'order-4', 'order-p', 'missing', 'order-1']);
    expect([code, out]).toEqual([
      2,
      '1 resumed, 1 requested\n  order-4: held by the breaker: it needs a release\n  missing: was never registered\n',
    ]);
    expect(await needing()).toEqual(['order-2', 'order-3', 'order-4', 'order-5']);
  });

  test('resumes no more of a filter than the limit, and changes nothing in a dry run', async () => {
    const options = ['resume', '--code', 'operation_stuck', '--limit', '2'];
    const dry = await run([...options, '--dry-run']);
    expect([dry.code, dry.out]).toEqual([
      0,
      'would be: 2 resumed, 0 requested\nthere are more of the filter\n',
    ]);
    expect(await needing()).toHaveLength(5);
    const { code, out } = await run([...options, '--json']);
    expect([code, JSON.parse(out)]).toMatchObject([0, { dry_run: false, more: true }]);
    expect(await needing()).toEqual(['order-1', 'order-2', 'order-4']);
  });

  test('of all goes on page by page to the end, past more orders than a page has', async () => {
    await database.pool.query(
      `INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum,
         cashback_sum, revision, attention)
       SELECT 'many-' || n, 'yellow', 'u', 'w', 'USD', 1, 1, 0, 1, 'a reason' FROM generate_series(1, 600) AS n`,
    );
    const { code, out } = await run(['resume', '--all', '--limit', '10000']);
    expect([code, out]).toEqual([0, '604 resumed, 1 requested\n']);
    expect(await needing()).toEqual(['order-4']);
  });
});

test.each([
  [['resume'], {}, 'expected either order ids, or a filter, or --all'],
  [['resume', 'order-1', '--all'], {}, 'expected either order ids, or a filter, or --all'],
  [['resume', 'order-1'], { CASHBACK_TOKEN: 'token-of-the-reader' }, 'lacks the scope "attention"'],
  [['resume', 'not an id'], {}, 'order_ids[0]'],
  [['list', '--older-than', 'long'], {}, 'expected an age such as 15m'],
  [['list', '--code', 'none'], {}, 'operation_stuck'],
  [['list'], { CASHBACK_URL: '' }, 'CASHBACK_URL is missing'],
  [['count'], { CASHBACK_TOKEN: '' }, 'CASHBACK_TOKEN is missing'],
])('attention %j ends with the reason', async (options, env, message) => {
  const { code, error } = await run(options, env);
  expect([code, error]).toEqual([1, expect.stringContaining(message)]);
});
