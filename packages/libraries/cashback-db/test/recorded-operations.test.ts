import { type Database, openDatabase, withTransaction } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type NewOperation,
  type NewOperationOutcome,
  insertOperationOutcomes,
  insertOperations,
} from '../src/index.ts';

let test_database: TestDatabase;
let database: Database;

beforeAll(async () => {
  test_database = await createTestDatabase();
  database = openDatabase({
    url: test_database.url,
    application_name: 'cashback-db-test',
    role: 'cashback_worker',
    log_error: () => {},
  });
});
afterAll(async () => {
  await database.close();
  await test_database.drop();
});

const operation: NewOperation = {
  order_id: 'order-1',
  operation_id: 'operation-1',
  revision: 1,
  cashback_epoch: 1,
  version: 0,
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  reward: [{ source: 'user', amount: '5.0000' }],
  attempt: 0,
};
const outcome: NewOperationOutcome = {
  order_id: 'order-1',
  operation_id: 'operation-1',
  outcome: 'applied',
  reason: null,
  rewarded: operation.reward,
};

const insert = (...operations: NewOperation[]) =>
  withTransaction(database, (tx) => insertOperations(tx, operations));
const end = (...outcomes: NewOperationOutcome[]) =>
  withTransaction(database, (tx) => insertOperationOutcomes(tx, outcomes));
const countOf = async (table: string): Promise<number> => {
  const { rows } = await database.pool.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM cashback.${table}`,
  );
  return rows[0]?.count ?? 0;
};

test('an operation that is recorded already stays as it is, and its neighbours are recorded', async () => {
  await insert(operation);
  await insert({ ...operation, revision: 2 }, { ...operation, operation_id: 'operation-2' });
  expect(await countOf('operations')).toBe(2);
  const { rows } = await database.pool.query(
    `SELECT revision FROM cashback.operations WHERE operation_id = 'operation-1'`,
  );
  expect(rows).toEqual([{ revision: 1 }]);
});

test.each<Partial<NewOperation>>([
  { cashback_epoch: 2 },
  { version: 1 },
  { user_id: 'user-2' },
  { wallet_id: 'wallet-2' },
  { currency: 'USD' },
  { reward: [{ source: 'user', amount: '6.0000' }] },
])('an id stands for one body forever: %j is refused', async (changes) => {
  await insert(operation);
  await expect(insert({ ...operation, ...changes })).rejects.toThrow('operation-1 of order order-1');
});

test('an outcome that is recorded already stays as it is, another one is refused', async () => {
  await end(outcome);
  await end({ ...outcome, reason: 'seen again' }, { ...outcome, operation_id: 'operation-2' });
  expect(await countOf('operation_outcomes')).toBe(2);
  await expect(end({ ...outcome, outcome: 'failed' })).rejects.toThrow('has ended before: applied');
});
