import { type Database, errorCode, openDatabase } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

let testDatabase: TestDatabase;
let worker: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  worker = openDatabase({
    url: testDatabase.url,
    role: 'cashback_worker',
    application_name: 'worker-privileges',
    log_error: () => {},
  });
});
afterAll(async () => {
  await worker.close();
  await testDatabase.drop();
});

test.each([
  ['changes an operation', `UPDATE cashback.operations SET reward = '[]'`],
  ['deletes an operation', 'DELETE FROM cashback.operations'],
  ['empties the operations', 'TRUNCATE cashback.operations'],
  ['changes an outcome', `UPDATE cashback.operation_outcomes SET outcome = 'applied'`],
  ['deletes an outcome', 'DELETE FROM cashback.operation_outcomes'],
  ['changes a drift', `UPDATE cashback.drifts SET class = 'none'`],
  ['deletes a drift', 'DELETE FROM cashback.drifts'],
  [
    'adds an event',
    `INSERT INTO cashback.events (order_id, value, revision, invoice_version) VALUES ('a', 1, 1, 1)`,
  ],
  ['changes an event', 'UPDATE cashback.events SET value = 0'],
  ['deletes an event', 'DELETE FROM cashback.events'],
  ['changes a target', 'UPDATE cashback.order_clears SET cashback_sum = 0'],
  ['changes a revision', 'UPDATE cashback.order_clears SET revision = 9'],
  ['changes a payee', `UPDATE cashback.order_clears SET wallet_id = 'mine'`],
  ['deletes an order', 'DELETE FROM cashback.order_clears'],
])('the role of the worker never %s', async (_, statement) => {
  const code = await worker.pool.query(statement).then(() => 'done', errorCode);
  expect(code).toBe('42501');
});
