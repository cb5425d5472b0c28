import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { type InvariantNumber, type RunTables, checkInvariants } from '@cashback/invariants';
import { parseAmount, parseBalance } from '@cashback/contract';
import { cashbackServices } from '@cashback/wire';
import { serviceConfigOf } from '@cashback/core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readShippedServices, shopCashback } from '@cashback/system';
import { type Command, runDemoCommand } from './run-command.ts';

const TIMEOUT_MS = 300_000;
let database: TestDatabase;
let sql: pg.Pool;
let tables: RunTables;
let ran: Command;

// One real run, then one planted fault at a time, each rolled back.
beforeAll(async () => {
  database = await createTestDatabase();
  ran = await runDemoCommand(database.url, ['--count', '40', '--seed', '21']);
  const services = cashbackServices.parse({
    ...readShippedServices(),
    green: { ...readShippedServices()['green'], url: 'http://127.0.0.1:9/cashback' },
  });
  // A single connection: what a test plants and what the checker reads are one transaction.
  sql = new pg.Pool({ connectionString: database.url, max: 1 });
  tables = {
    sql,
    run: ran.report?.run ?? expect.fail(ran.stderr),
    services: Object.fromEntries(
      Object.entries(services).map(([name, entry]) => [name, serviceConfigOf(entry)]),
    ),
    shopCashback,
  };
}, TIMEOUT_MS);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

async function brokenBy(...statements: string[]): Promise<InvariantNumber[]> {
  await sql.query('BEGIN');
  try {
    for (const statement of statements) {
      const { rowCount } = await sql.query(statement);
      if (rowCount === 0) throw new Error(`planted nothing: ${statement}`);
    }
    const violations = await checkInvariants(tables, () => {});
    return [...new Set(violations.map(({ invariant }) => invariant))];
  } finally {
    await sql.query('ROLLBACK');
  }
}

const REWARDED_ORDER = `(SELECT invoice_id FROM transactions.baskets WHERE amount > refunded ORDER BY invoice_id LIMIT 1)`;

test('with every part as a process of its own orders settle, every invariant holds, and the money adds up in the report', () => {
  const { exitCode, stdout, report } = ran;
  expect(stdout).toContain('All settled, every invariant holds');
  expect(exitCode).toBe(0);
  expect(report).toMatchObject({ orders: 40, settled: 40, unsettled: 0, rejected: [], violations: [] });
  const { totals, registers } = report ?? expect.fail('no report');
  expect(totals.rewarded).toEqual(totals.target);
  expect(parseAmount(totals.target.user)).toBeGreaterThan(0n);
  expect(parseAmount(totals.target.service)).toBeGreaterThan(0n);
  const moved = (['user', 'service'] as const).map(
    (source) => parseAmount(totals.topups[source]) - parseAmount(totals.refunds[source]),
  );
  expect(parseBalance(totals.wallets) + parseAmount(totals.spent)).toBe((moved[0] ?? 0n) + (moved[1] ?? 0n));
  expect(registers.registered).toBeGreaterThanOrEqual(40);
  expect(report?.pushes).toBeGreaterThan(0);
});

describe('the checker', { timeout: TIMEOUT_MS }, () => {
  test('finds nothing after a run that went well', async () => {
    expect(await brokenBy('SELECT 1')).toEqual([]);
  });

  test.each<[InvariantNumber, string, string[]]>([
    [
      0,
      'an invoice that changed and was never processed',
      [`UPDATE transactions.invoices SET version = version + 1 WHERE invoice_id = ${REWARDED_ORDER}`],
    ],
    [
      0,
      'a target that is not what the rates give',
      [
        `UPDATE cashback.order_rates SET rates = '[{"source":"user","rate":"0.9"}]' WHERE order_id = ${REWARDED_ORDER}`,
      ],
    ],
    [
      1,
      'a reward that is lower than the target',
      [`UPDATE transactions.baskets SET refunded = amount WHERE invoice_id = ${REWARDED_ORDER}`],
    ],
    [
      2,
      'an acknowledged register that is gone',
      [`UPDATE cashback.order_clears SET invoice_version = 1 WHERE order_id = ${REWARDED_ORDER}`],
    ],
    [
      3,
      'an event of an older invoice version on top',
      [
        `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
       SELECT order_id, source, value, revision + 1000, 1 FROM cashback.events WHERE order_id = ${REWARDED_ORDER} LIMIT 1`,
      ],
    ],
    [
      4,
      'a sum that is not the sum of the events',
      [
        `UPDATE cashback.order_clears SET cashback_sum = cashback_sum + 0.0001 WHERE order_id = ${REWARDED_ORDER}`,
      ],
    ],
    [
      5,
      'two operations without an end',
      [
        `INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)
       SELECT ${REWARDED_ORDER}, 'planted-' || n, 1, 0, 'u', 'w', 'USD', '[]' FROM generate_series(1, 2) n`,
      ],
    ],
    [
      6,
      'an operation with another reward at transactions',
      [
        `UPDATE transactions.cashback_operations SET reward = '[{"source":"user","amount":"999.0000"}]' WHERE invoice_id = ${REWARDED_ORDER}`,
      ],
    ],
    [
      6,
      'one operation id for two orders',
      [
        `INSERT INTO cashback.operations (order_id, operation_id, revision, version, user_id, wallet_id, currency, reward)
       SELECT order_id || 'x', operation_id, revision, version, user_id, wallet_id, currency, reward
         FROM cashback.operations WHERE order_id = ${REWARDED_ORDER} LIMIT 1`,
      ],
    ],
    [
      7,
      'an operation without an intent',
      [`DELETE FROM cashback.operations WHERE order_id = ${REWARDED_ORDER}`],
    ],
    [
      7,
      'a basket that no plan holds',
      [
        `INSERT INTO trust.baskets (basket_id, wallet_id, user_id, currency, amount, source, order_id, status)
       SELECT 'planted', wallet_id, user_id, currency, amount, source, order_id, status FROM trust.baskets WHERE order_id = ${REWARDED_ORDER} LIMIT 1`,
      ],
    ],
    [
      8,
      'more rewarded than ever was a target',
      [`UPDATE transactions.baskets SET amount = amount + 1000 WHERE invoice_id = ${REWARDED_ORDER}`],
    ],
    [
      9,
      'a cache that went back',
      [
        `UPDATE wallet.balances SET sequence = sequence - 1 WHERE wallet_id = (SELECT max(wallet_id) FROM wallet.balances)`,
      ],
    ],
    [9, 'a gap in the ledger', [`DELETE FROM trust.wallet_movements WHERE sequence = 1`]],
    [
      10,
      'a push that was never delivered',
      [
        `UPDATE wallet.pushes p SET delivered_at = NULL FROM wallet.balances b WHERE p.wallet_id = b.wallet_id AND p.sequence = b.sequence`,
      ],
    ],
    [10, 'a push with another balance', [`UPDATE wallet.pushes SET balance = balance + 1`]],
    [
      11,
      'an unsettled order without a job, overdue',
      [
        `UPDATE cashback.order_clears SET settled_revision = 0, next_charge_at = now() - interval '1 day' WHERE order_id = ${REWARDED_ORDER}`,
      ],
    ],
    [
      12,
      'a wallet that holds more than was put into it',
      [
        `UPDATE trust.wallets SET balance = balance + 0.0001 WHERE wallet_id = (SELECT max(wallet_id) FROM trust.wallets)`,
      ],
    ],
    [
      14,
      'a settled order that carries something else than its target',
      [`UPDATE cashback.order_clears SET rewarded = '[]' WHERE order_id = ${REWARDED_ORDER}`],
    ],
    [
      17,
      'an order that needs a person',
      [`UPDATE cashback.order_clears SET attention = 'why' WHERE order_id = ${REWARDED_ORDER}`],
    ],
    [13, 'a role that may change events', ['GRANT UPDATE (value) ON cashback.events TO cashback_server']],
  ])('sees invariant %i broken by %s', async (invariant, _name, statements) => {
    expect(await brokenBy(...statements)).toContain(invariant);
  });
});
