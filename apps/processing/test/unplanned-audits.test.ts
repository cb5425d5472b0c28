import { type Database, openDatabase } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { planMissingAudits } from '../src/audit/plan-missing-audits.ts';
import { IS_UNPLANNED } from '../src/db/queries/changes/change-rows.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const plan = { audit_distances: [HOUR, DAY, 7 * DAY], audit_end_ms: 30 * DAY };

let testDatabase: TestDatabase;
let owner: Database;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  owner = openDatabase({ url: testDatabase.url, application_name: 'test' });
  const role = 'cashback_processing';
  database = openDatabase({ url: testDatabase.url, application_name: 'test', role });
});
beforeEach(() => owner.pool.query('TRUNCATE processing.invoice_changes'));
afterAll(async () => {
  await database?.close();
  await owner?.close();
  await testDatabase?.drop();
});

/** A row as the earlier release leaves it: it writes the columns that it knows. */
async function finish(order_id: string, age_ms: number, more: Record<string, unknown> = {}): Promise<void> {
  const row = { order_id, service: 'yellow', seen_version: 2, processed_version: 2, ...more };
  const names = Object.keys(row);
  await owner.pool.query(
    `INSERT INTO processing.invoice_changes (${names.join(', ')}, updated_at)
     VALUES (${names.map((_, index) => `$${index + 2}`).join(', ')}, now() - $1 * interval '1 millisecond')`,
    [age_ms, ...Object.values(row)],
  );
}

const planPage = (page_size: number, more: { random?: () => number } = {}) =>
  planMissingAudits({ database }, { page_size, plan, random: () => 0, ...more });

/** When each order is audited, in hours, and after how many audits. */
async function audits(): Promise<Record<string, [number | null, number]>> {
  const { rows } = await owner.pool.query<{ order_id: string; hours: number | null; audit_step: number }>(
    `SELECT order_id, round(extract(epoch FROM audit_at - now()) / 3600)::float8 AS hours, audit_step
     FROM processing.invoice_changes`,
  );
  return Object.fromEntries(rows.map((row) => [row.order_id, [row.hours, row.audit_step]]));
}

test('orders that an earlier release finished get the next audit of their age, a page at a time, and only those', async () => {
  await finish('a-young', 0);
  await finish('b-of-a-day', 12 * HOUR);
  await finish('c-of-a-month', 29 * DAY);
  await finish('d-of-a-year', 365 * DAY);
  await finish('e-behind', 12 * HOUR, { seen_version: 3 });
  await finish('f-asks-again', 12 * HOUR, { asks_again: true });
  await finish('g-hinted', 12 * HOUR, { hints: 1 });
  await finish('h-had-its-last', 12 * HOUR, { audit_step: 3 });
  await finish('i-has-one', 12 * HOUR, { audit_at: new Date(Date.now() + 5 * HOUR), audit_step: 1 });
  const before = await owner.pool.query(
    'SELECT updated_at FROM processing.invoice_changes ORDER BY order_id',
  );

  expect([await planPage(3), await planPage(3), await planPage(3)]).toEqual([3, 1, 0]);
  expect(await audits()).toEqual({
    'a-young': [1, 0],
    'b-of-a-day': [13, 1],
    'c-of-a-month': [1, 5],
    'd-of-a-year': [0, 5],
    'e-behind': [null, 0],
    'f-asks-again': [null, 0],
    'g-hinted': [null, 0],
    'h-had-its-last': [null, 3],
    'i-has-one': [5, 1],
  });
  const after = await owner.pool.query('SELECT updated_at FROM processing.invoice_changes ORDER BY order_id');
  expect(after.rows).toEqual(before.rows);
});

test('orders that finished together are not audited together', async () => {
  for (let order = 0; order < 20; order++) await finish(`order-${order}`, 2 * DAY);
  await planMissingAudits({ database }, { page_size: 100, plan });
  const { rows } = await owner.pool.query<{ times: number }>(
    'SELECT count(DISTINCT audit_at)::int AS times FROM processing.invoice_changes',
  );
  expect(rows[0]?.times).toBeGreaterThan(10);
});

test('an order that another transaction has locked holds up neither the others nor the pass', async () => {
  await finish('a-locked', 12 * HOUR);
  await finish('b-free', 12 * HOUR);
  const other = await owner.pool.connect();
  await other.query(`BEGIN; SELECT FROM processing.invoice_changes WHERE order_id = 'a-locked' FOR UPDATE`);
  expect(await planPage(10)).toBe(1);
  expect(await audits()).toMatchObject({ 'a-locked': [null, 0], 'b-free': [13, 1] });
  await other.query('COMMIT');
  other.release();
  expect(await planPage(10)).toBe(1);
});

test('without audits none is planned', async () => {
  await finish('a', 12 * HOUR);
  expect(await planMissingAudits({ database }, { page_size: 10, plan: { ...plan, audit_end_ms: 0 } })).toBe(
    0,
  );
});

test('a page is found by its index, beside all orders that have a time', async () => {
  await owner.pool.query(
    `INSERT INTO processing.invoice_changes (order_id, service, seen_version, processed_version, audit_at)
     SELECT 'order-' || n, 'yellow', 1, 1, now() FROM generate_series(1, 5000) AS n;
     ANALYZE processing.invoice_changes`,
  );
  const { rows } = await owner.pool.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN SELECT order_id FROM processing.invoice_changes WHERE ${IS_UNPLANNED} ORDER BY order_id LIMIT 20`,
  );
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('invoice_changes_unplanned');
});
