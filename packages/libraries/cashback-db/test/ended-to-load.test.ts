import { type Database, openDatabase, withTransaction } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endedToLoad, insertOperationOutcomes, insertOperations, loadCharges } from '../src/index.ts';

let test_database: TestDatabase;
let database: Database;

beforeAll(async () => {
  test_database = await createTestDatabase();
  database = openDatabase({ url: test_database.url, application_name: 'cashback-db-test' });
});
afterAll(async () => {
  await database.close();
  await test_database.drop();
});

const places = [1, 2, 3].flatMap((epoch) => [0, 1, 2].map((version) => ({ epoch, version })));

test.each([1, 5, 13, 100])(
  'of the newest %i operations of an order a step counts those that have ended',
  async (most) => {
    const order_id = `order-${most}`;
    const sent = places.flatMap((place, index) =>
      [null, 0, 1].map((attempt) => ({
        order_id,
        operation_id: `operation-${index}-${attempt}`,
        revision: index + 1,
        cashback_epoch: place.epoch,
        version: place.version,
        user_id: 'user-1',
        wallet_id: 'wallet-1',
        currency: 'EUR',
        reward: [{ source: 'user' as const, amount: '5.0000' }],
        attempt,
      })),
    );
    const isOpen = (operation_id: string): boolean => /^operation-(4-0|8-1|7-null)$/.test(operation_id);
    const loaded = await withTransaction(database, async (tx) => {
      await tx.client.query(
        `INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version,
         cleared_sum, cashback_sum, revision)
       VALUES ($1, 'yellow', 'user-1', 'wallet-1', 'EUR', 1, 100, 0, 9)`,
        [order_id],
      );
      await insertOperations(tx, sent);
      await insertOperationOutcomes(
        tx,
        sent
          .filter(({ operation_id }) => !isOpen(operation_id))
          .map(({ operation_id, reward }) => ({
            order_id,
            operation_id,
            outcome: 'failed' as const,
            reason: null,
            rewarded: reward,
          })),
      );
      return (await loadCharges(tx, [order_id], { operations: most })).get(order_id)?.ended ?? [];
    });
    const ended_at = loaded[0]?.ended_at ?? new Date(0);
    const expected = endedToLoad(
      sent.map(({ order_id: _order_id, operation_id, ...one }) =>
        isOpen(operation_id)
          ? { ...one, outcome: null, ended_at: null }
          : { ...one, outcome: 'failed' as const, ended_at },
      ),
      most,
    );
    const byPlace = (list: typeof loaded) =>
      list.toSorted(
        (a, b) =>
          a.cashback_epoch - b.cashback_epoch ||
          a.version - b.version ||
          (a.attempt ?? -1) - (b.attempt ?? -1),
      );
    expect(byPlace(loaded)).toEqual(byPlace(expected));
    expect(loaded.length).toBeLessThan(Math.min(most + 1, sent.length));
  },
);
