import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { json, text } from 'node:stream/consumers';
import { CashbackClientError } from '@cashback/client';
import { type Database, openDatabase } from '@cashback/postgres';
import { type RunningApp, createLog, readSettings } from '@cashback/service';
import { startServer } from '@cashback/server/app';
import { settingsSchema } from '@cashback/server/settings';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { reconcile } from '../src/reconcile/reconcile.ts';

const MAIN = path.resolve(import.meta.dirname, '../src/reconcile/command.ts');
const ORDERS = 1_200;

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
let server: RunningApp;
/** Answers as processing does, two pages for a time. */
const asked: { body: { order_ids?: string[]; changed_since?: string; after?: string }; token: unknown }[] =
  [];
const processing = createServer((request, response) => {
  void json(request).then((body) => {
    const call = { body: body as (typeof asked)[0]['body'], token: request.headers.authorization };
    asked.push(call);
    const { order_ids, after } = call.body;
    const page =
      order_ids === undefined
        ? { enqueued: 10, after: after === undefined ? 'm' : null }
        : { enqueued: order_ids.length, after: null };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
  });
});

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'test' });
  server = await startServer(
    readSettings(settingsSchema, {
      DATABASE_URL: testDatabase.url,
      PORT: '0',
      BEARER_TOKENS: JSON.stringify([
        { caller: 'operator', token: 'token-of-the-operator', scopes: ['reconcile'] },
      ]),
    }),
    { name: 'server', log: createLog({ name: 'server', level: 'silent', json: true }) },
  );
  await new Promise<void>((resolve) => processing.listen(0, '127.0.0.1', resolve));
  await database.pool.query(
    `INSERT INTO cashback.order_clears
       (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision,
         settled_revision, updated_at)
     SELECT 'order-' || n, 'yellow', 'u', 'w', 'USD', 1, 1, 0, 1, 1,
       CASE WHEN n % 100 = 0 THEN timestamptz '2026-03-01' ELSE '2020-01-01' END
     FROM generate_series(1, ${ORDERS}) AS n`,
  );
});
afterAll(async () => {
  processing.close();
  await server?.stop();
  await database?.close();
  await testDatabase?.drop();
});
beforeEach(async () => {
  asked.length = 0;
  await database.pool.query('UPDATE cashback.order_clears SET poll_at = NULL');
});

async function run(options: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...options], {
    env: { CASHBACK_URL: server.url ?? '', CASHBACK_TOKEN: 'token-of-the-operator', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: code as number, out, error };
}

function withProcessing(): Record<string, string> {
  const { port } = processing.address() as AddressInfo;
  return { PROCESSING_URL: `http://127.0.0.1:${port}`, PROCESSING_TOKEN: 'processing-token' };
}

async function due(): Promise<number> {
  const { rowCount } = await database.pool.query('SELECT FROM cashback.order_clears WHERE poll_at <= now()');
  return rowCount ?? 0;
}

test('given orders are compared by processing and by the worker, and unknown ones are named', async () => {
  const { code, out } = await run(['order-1', 'order-2', 'order-1', 'missing', '--json'], withProcessing());
  expect([code, JSON.parse(out)]).toEqual([2, { enqueued: 3, due: 2, unknown: ['missing'] }]);
  expect(await due()).toBe(2);
  expect(asked).toEqual([
    { body: { order_ids: ['order-1', 'order-2', 'missing'] }, token: 'Bearer processing-token' },
  ]);
});

test('all orders that changed since a time are compared, page by page to the end', async () => {
  const { code, out } = await run(['--since', '2026-03-01T00:00:00Z'], withProcessing());
  expect([code, out]).toEqual([0, '20 orders are calculated again, 12 orders are observed and compared\n']);
  expect(await due()).toBe(12);
  expect(asked.map(({ body }) => body)).toEqual([
    { changed_since: '2026-03-01T00:00:00.000Z' },
    { changed_since: '2026-03-01T00:00:00.000Z', after: 'm' },
  ]);
});

test('without processing only the worker compares', async () => {
  const { code, out } = await run(['order-7']);
  expect([code, out]).toEqual([0, '1 orders are observed and compared\n']);
  expect(asked).toEqual([]);
});

test.each([
  [['--since', '2026-03-01', 'order-1'], {}, 'expected either order ids or --since'],
  [[], {}, 'expected either order ids or --since'],
  [['order-1'], { CASHBACK_TOKEN: 'another' }, 'stopped before the end'],
  [['order-1'], { CASHBACK_TOKEN: '' }, 'CASHBACK_TOKEN is missing'],
])('reconcile %j ends with the reason', async (options, env, message) => {
  const { code, error } = await run(options, env);
  expect([code, error]).toEqual([1, expect.stringContaining(message)]);
});

test('a server that is too busy is asked again, within a bound', async () => {
  let calls = 0;
  const busy = async (): Promise<never> => {
    calls += 1;
    const shown = { retryable: true, details: {}, issues: [] };
    throw new CashbackClientError('OVERLOADED', 'many are due', { ...shown, cause: undefined });
  };
  const options = { server: { reconcile: busy }, processing: null, onPage: () => {}, busy_ms: 10 };
  await expect(reconcile({ since: new Date() }, options)).rejects.toMatchObject({ code: 'OVERLOADED' });
  expect(calls).toBe(2);
});
