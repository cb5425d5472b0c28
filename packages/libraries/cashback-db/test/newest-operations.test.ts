import { type Database, openDatabase, withTransaction } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Charge, loadCharges } from '../src/index.ts';
import { loadChargesEndedStatement } from '../src/queries/charges/load-charges.ts';
import { findOrderStatement } from '../src/queries/orders/find-order.ts';
import { rowsRead } from './rows-read.ts';

const ENDED = 5_000;
/** What is read of each order. */
const MOST = 32;

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'test' });
  await database.pool.query(
    `INSERT INTO cashback.order_clears
       (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision,
        unsettled_since, cashback_version)
     SELECT order_id, 'yellow', 'u', 'w', 'USD', 1, 1, 0, 1, now() - interval '90 days', version
     FROM (VALUES ('failing', 2 * ${ENDED}), ('refused', 7), ('other', 1)) AS orders (order_id, version)`,
  );
  // Of the one, each end has raised the version; of the other, none has. An older release numbered none of its own.
  await database.pool.query(
    `INSERT INTO cashback.operations
       (order_id, operation_id, revision, cashback_epoch, version, user_id, wallet_id, currency, reward, attempt)
     SELECT order_id, order_id || n, 1, 1, CASE order_id WHEN 'failing' THEN 2 * n ELSE 7 END, 'u', 'w', 'USD', '[]'::jsonb,
       CASE WHEN order_id = 'failing' THEN 0 WHEN n > 10 THEN n END
     FROM unnest('{failing,refused}'::text[]) AS order_id, generate_series(1, ${ENDED}) AS n
     UNION ALL SELECT 'busy-' || n, 'busy-' || n, 1, 1, 1, 'u', 'w', 'USD', '[]'::jsonb, 0 FROM generate_series(1, 20000) AS n`,
  );
  await database.pool.query(
    `INSERT INTO cashback.operation_outcomes (order_id, operation_id, outcome, rewarded, created_at)
     SELECT order_id, operation_id, CASE order_id WHEN 'failing' THEN 'failed' ELSE 'rejected' END, '[]'::jsonb,
       now() - interval '1 day' + coalesce(attempt, 0) * interval '1 second' + version * interval '1 second'
     FROM cashback.operations WHERE order_id IN ('failing', 'refused')`,
  );
  await database.pool.query(
    'ANALYZE cashback.operations; ANALYZE cashback.operation_outcomes; ANALYZE cashback.order_clears',
  );
});
afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});

/** How many rows of operations and their outcomes a statement reads. */
const operationsRead = (text: string, values: unknown[]): Promise<number> =>
  rowsRead(database, ['operations', 'operation_outcomes'], { text, values });

async function load(orderId: string): Promise<Charge> {
  const charges = await withTransaction(database, (tx) => loadCharges(tx, [orderId], { operations: MOST }));
  const charge = charges.get(orderId);
  if (charge === undefined) throw new Error('no such order');
  return charge;
}

describe(`of ${ENDED} operations that ended`, () => {
  test('a step reads only the newest, also together with other orders', async () => {
    const read = await operationsRead(loadChargesEndedStatement.text, [
      ['failing', 'refused', 'other'],
      MOST,
    ]);
    expect(read).toBeLessThanOrEqual(4 * MOST);
  });

  test('showing an order reads only those that it shows', async () => {
    expect(await operationsRead(findOrderStatement.text, ['failing'])).toBeLessThanOrEqual(4 * MOST);
  });

  test('the newest count as attempts, and the last of them sets the wait', async () => {
    const { attempts, ended, order } = await load('failing');
    expect(attempts).toMatchObject({ failed: MOST, applied: 0, rejected: 0 });
    expect(Math.max(...ended.map(({ version }) => version))).toBe(2 * ENDED);
    expect(order.now.getTime() - (attempts.last_at?.getTime() ?? 0)).toBeLessThan(86_400_000);
    const { rows } = await database.pool.query<{ last: Date }>(
      `SELECT max(created_at) AS last FROM cashback.operation_outcomes WHERE order_id = 'failing'`,
    );
    expect(attempts.last_at).toEqual(rows[0]?.last);
  });

  test('the highest number is among them when no end raised the version', async () => {
    const { ended } = await load('refused');
    expect(Math.max(...ended.map(({ attempt }) => attempt ?? 0))).toBe(ENDED);
  });
});
