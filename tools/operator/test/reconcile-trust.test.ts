import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareExport, createExportTable } from '../src/reconcile-trust/compare-export.ts';
import { openExport } from '../src/reconcile-trust/export-rows.ts';
import { runCommand } from './support/run-command.ts';

/** More than one page of either side. */
const MANY = 6_000;

let folder: string;
let database: Awaited<ReturnType<typeof createTestDatabase>>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'reconcile-trust-'));
  database = await createTestDatabase();
  const { pool, close } = openDatabase({ url: database.url, application_name: 'test' });
  await pool.query(`
    INSERT INTO transactions.invoices (invoice_id, service, user_id, wallet_id, currency, status, payments, epoch)
    SELECT 'order-' || n, 'yellow', 'user-1', 'wallet-1', 'USD', 'cleared', '[]', 1 FROM generate_series(1, ${MANY}) AS n;
    INSERT INTO transactions.cashback_operations
      (operation_id, invoice_id, version, user_id, wallet_id, currency, reward, status, finished_at)
    SELECT 'op-' || n, 'order-' || n, 1, 'user-1', 'wallet-1', 'USD', '[]', 'success', now() FROM generate_series(1, ${MANY}) AS n;
    INSERT INTO transactions.operation_steps (operation_id, step_number, kind, source, amount, step_id, basket_id, status, updated_at)
    SELECT 'op-' || n, 1, 'topup', 'user', 5, 'b-' || n, 'b-' || n, 'applied', '2026-03-01' FROM generate_series(1, ${MANY}) AS n;
    INSERT INTO transactions.baskets (invoice_id, basket_id, source, amount, version, step_number)
    SELECT 'order-' || n, 'b-' || n, 'user', 5, 1, 1 FROM generate_series(1, ${MANY}) AS n;
    INSERT INTO transactions.baskets (invoice_id, basket_id, source, amount, version, step_number, created_at)
    VALUES ('order-1', 'adopted', 'service', 2, 0, 1, '2026-03-01');
    -- Wallets had less than was to be taken back, and one had nothing.
    INSERT INTO transactions.operation_steps
      (operation_id, step_number, kind, source, amount, step_id, basket_id, status, taken, updated_at)
    VALUES ('op-1', 2, 'refund', 'user', 5, 'r-short', 'b-1', 'applied', 2, '2026-03-01'),
      ('op-2', 2, 'refund', 'user', 5, 'r-empty', 'b-2', 'applied', 0, '2026-03-01');
    INSERT INTO transactions.adopted_steps (step_id, invoice_id, kind, basket_id, amount, taken, epoch, created_at)
    VALUES ('r-adopted', 'order-1', 'refund', 'adopted', 2, 0.5, 2, '2026-03-01')`);
  await close();
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function reconcile(name: string, content: string, options: string[] = []) {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return runCommand('reconcile-trust', [file, ...options], { DATABASE_URL: database.url });
}

const HEADER = 'kind,id,amount,wallet_id';
const WHOLE = [
  HEADER,
  ...Array.from({ length: MANY }, (_, index) => `basket,b-${index + 1},5,wallet-1`),
  'basket,adopted,2.0000,wallet-1',
  'refund,r-short,2,wallet-1',
  'refund,r-adopted,0.5,wallet-1',
];

test('an export that agrees has no differences, adopted baskets included', async () => {
  const { code, out } = await reconcile('same.csv', WHOLE.join('\n'));
  expect([code, out]).toEqual([0, `${MANY + 3} rows of the export, nothing differs\n`]);
});

test('a difference is found by id and amount, on both sides, in CSV and in lines of JSON', async () => {
  const lines = [
    ...WHOLE.slice(0, 1),
    'basket,b-1,6,wallet-1',
    ...WHOLE.slice(3),
    'refund,r-1,1,wallet-1',
    'basket,b-9,5,wallet-1',
  ];
  const { code, out } = await reconcile('differs.csv', lines.join('\n'), ['--json']);
  const printed = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { difference?: string; id?: string });
  expect(code).toBe(2);
  expect(printed.pop()).toEqual({
    rows: MANY + 4,
    differences: 4,
    by_difference: { amount_differs: 1, missing_in_export: 1, unknown_here: 1, repeated_in_export: 1 },
  });
  expect(printed.map(({ difference, id }) => `${difference} ${id}`).sort()).toEqual([
    'amount_differs b-1',
    'missing_in_export b-2',
    'repeated_in_export b-9',
    'unknown_here r-1',
  ]);

  const rows = '{"kind":"basket","id":"b-1","amount":"6"}\n\n{"kind":"refund","id":"r-1","amount":"1"}\n';
  const json = await reconcile('differs.ndjson', rows, ['--since', '2026-04-01T00:00:00Z']);
  expect([json.code, json.out]).toEqual([
    2,
    expect.stringContaining(
      'amount_differs: basket b-1 of order order-1, line 1: export 6.0000, here 5.0000',
    ),
  ]);
  expect(json.out).toContain('2 rows of the export, 2 differences: ');
});

test('a refund is compared with what it took: the amount that it was asked for differs', async () => {
  const refunds = (rows: string[]) => [`${HEADER},taken`, ...rows].join('\n');
  const stated = ['refund,r-short,5,wallet-1,2', 'refund,r-adopted,2,wallet-1,0.5', 'refund,r-empty,5,,0'];
  const asked = ['refund,r-short,5,wallet-1,', 'refund,r-adopted,2,wallet-1,', 'refund,r-empty,5,,'];
  // All others are of before the export.
  const since = ['--since', '2026-04-01T00:00:00Z', '--json'];
  expect(await reconcile('stated.csv', refunds(stated), since)).toMatchObject({ code: 0 });
  const { code, out } = await reconcile('asked.csv', refunds(asked), since);
  const printed = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(code).toBe(2);
  expect(printed.pop()).toMatchObject({ by_difference: { amount_differs: 3 } });
  expect(printed.map(({ id, exported, ours }) => [id, exported, ours]).toSorted()).toEqual([
    ['r-adopted', '2.0000', '0.5000'],
    ['r-empty', '5.0000', '0.0000'],
    ['r-short', '5.0000', '2.0000'],
  ]);
});

test.each([
  ['no-column.csv', 'kind,amount\nbasket,5', 'line 1: expected the columns kind, id, amount'],
  [
    'amount.csv',
    `${HEADER}\nbasket,b-1,5.00001,w`,
    'line 2: amount: expected an amount such as "100.0000", got "5.00001"',
  ],
  ['kind.ndjson', '{"kind":"topup","id":"b-1","amount":"5"}', 'line 1: kind: '],
  ['cut.ndjson', '{"kind":', 'line 1: expected a JSON object'],
])('%s is refused with its line and field', async (name, content, message) => {
  const file = path.join(folder, name);
  await writeFile(file, content);
  const pages = openExport(file).pages(10);
  await expect(pages.next()).rejects.toThrow(message);
});

test('a refused export ends the command with the reason', async () => {
  const { code, error } = await reconcile('refused.csv', 'kind,amount\nbasket,5');
  expect([code, error]).toEqual([
    1,
    expect.stringContaining('reconcile-trust: line 1: expected the columns'),
  ]);
});

test('the comparison can write nothing', async () => {
  const { pool, close } = openDatabase({ url: database.url, application_name: 'test', max_connections: 1 });
  const client = await pool.connect();
  await createExportTable(client);
  const pages = compareExport(client, { since: null, until: new Date() });
  await pages.next();
  await expect(client.query('DELETE FROM transactions.baskets')).rejects.toThrow('read-only transaction');
  client.release(true);
  await close();
});
