import { CashbackClientError } from '@cashback/client';
import { type Database, openDatabase } from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { reconcile } from '../src/reconcile/reconcile.ts';
import { runCommand } from './support/run-command.ts';
import { type App, TOKEN, startProcessingOf, startServerOf } from './support/start-apps.ts';

/** More than a page of processing, and of the server. */
const ORDERS = 1_200;
const SINCE = '2026-03-01T00:00:00Z';
/** Those that changed since then. */
const CHANGED = Array.from({ length: ORDERS / 100 }, (_, index) => `order-${(index + 1) * 100}`);

let testDatabase: Awaited<ReturnType<typeof createTestDatabase>>;
let database: Database;
let server: App;
let processing: App;

// No audit is due: an audit would change rows while the tests count what changed.
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'test' });
  server = await startServerOf(testDatabase.url, ['reconcile']);
  processing = await startProcessingOf(testDatabase.url, server);
  const updated = `CASE WHEN n % 100 = 0 THEN timestamptz '2026-03-01' ELSE '2020-01-01' END`;
  await database.pool.query(
    `INSERT INTO cashback.order_clears
       (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision,
         settled_revision, updated_at)
     SELECT 'order-' || n, 'yellow', 'u', 'w', 'USD', 1, 1, 0, 1, 1, ${updated}
     FROM generate_series(1, ${ORDERS}) AS n;
     INSERT INTO processing.invoice_changes
       (order_id, service, seen_version, processed_version, audit_at, updated_at)
     SELECT 'order-' || n, 'yellow', 1, 1, 'infinity', ${updated} FROM generate_series(1, ${ORDERS}) AS n`,
  );
});
afterAll(async () => {
  await processing?.stop();
  await server?.stop();
  await database?.close();
  await testDatabase?.drop();
});
beforeEach(async () => {
  await database.pool.query('UPDATE cashback.order_clears SET poll_at = NULL');
});

function run(options: string[], env: Record<string, string> = {}) {
  return runCommand('reconcile', options, { CASHBACK_URL: server.url, CASHBACK_TOKEN: TOKEN, ...env });
}

function withProcessing(): Record<string, string> {
  return { PROCESSING_URL: processing.url, PROCESSING_TOKEN: TOKEN };
}

async function due(): Promise<number> {
  const { rowCount } = await database.pool.query('SELECT FROM cashback.order_clears WHERE poll_at <= now()');
  return rowCount ?? 0;
}

/** The orders that processing has been asked to calculate again, in any test. */
async function calculatedAgain(): Promise<string[]> {
  const { rows } = await database.pool.query<{ order_id: string }>(
    "SELECT order_id FROM processing.invoice_changes WHERE brought_by = 'reconcile'",
  );
  return rows.map(({ order_id }) => order_id);
}

async function countChangedSince(): Promise<number> {
  const { rowCount } = await database.pool.query(
    'SELECT FROM processing.invoice_changes WHERE updated_at >= $1',
    [SINCE],
  );
  return rowCount ?? 0;
}

test('given orders are compared by processing and by the worker, and unknown ones are named', async () => {
  const { code, out } = await run(['order-1', 'order-2', 'order-1', 'missing', '--json'], withProcessing());
  expect([code, JSON.parse(out)]).toEqual([2, { enqueued: 3, due: 2, unknown: ['missing'] }]);
  expect(await due()).toBe(2);
  expect(await calculatedAgain()).toEqual(expect.arrayContaining(['order-1', 'order-2', 'missing']));
});

test('all orders that changed since a time are compared, page by page to the end', async () => {
  const touched = await countChangedSince();
  const { code, out } = await run(['--since', SINCE], withProcessing());
  expect([code, out]).toEqual([
    0,
    `${touched} orders are calculated again, ${CHANGED.length} orders are observed and compared\n`,
  ]);
  expect(await due()).toBe(CHANGED.length);
  expect(await calculatedAgain()).toEqual(expect.arrayContaining(CHANGED));
});

test('without processing only the worker compares', async () => {
  const { code, out } = await run(['order-7']);
  expect([code, out]).toEqual([0, '1 orders are observed and compared\n']);
  expect(await calculatedAgain()).not.toContain('order-7');
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
