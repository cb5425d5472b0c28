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

test.each(places)(
  'a step counts the operations of its revision, and those from the cashback of epoch $epoch and version $version on',
  async ({ epoch, version }) => {
    const order_id = `order-${epoch}-${version}`;
    const order = { revision: 2, cashback_epoch: epoch, cashback_version: version };
    const sent = places.flatMap((place, index) =>
      [1, 2, 3].map((revision) => ({
        order_id,
        operation_id: `operation-${index}-${revision}`,
        revision,
        cashback_epoch: place.epoch,
        version: place.version,
        user_id: 'user-1',
        wallet_id: 'wallet-1',
        currency: 'EUR',
        reward: [{ source: 'user' as const, amount: '5.0000' }],
      })),
    );
    // One of each revision is still open.
    const ended = sent.filter(({ operation_id }) => !operation_id.startsWith('operation-4-'));
    const loaded = await withTransaction(database, async (tx) => {
      await tx.client.query(
        `INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version,
           cleared_sum, cashback_sum, revision, cashback_epoch, cashback_version)
         VALUES ($1, 'yellow', 'user-1', 'wallet-1', 'EUR', 1, 100, 0, $2, $3, $4)`,
        [order_id, order.revision, epoch, version],
      );
      await insertOperations(tx, sent);
      await insertOperationOutcomes(
        tx,
        ended.map(({ operation_id, reward }) => ({
          order_id,
          operation_id,
          outcome: 'failed' as const,
          reason: null,
          rewarded: reward,
        })),
      );
      return (await loadCharges(tx, [order_id])).get(order_id)?.ended ?? [];
    });
    const ended_at = loaded[0]?.ended_at ?? new Date(0);
    const expected = endedToLoad(
      order,
      ended.map(({ order_id: _order_id, operation_id: _operation_id, ...one }) => ({
        ...one,
        outcome: 'failed' as const,
        ended_at,
      })),
    );
    const byPlace = (list: typeof loaded) =>
      list.toSorted(
        (a, b) => a.revision - b.revision || a.cashback_epoch - b.cashback_epoch || a.version - b.version,
      );
    expect(byPlace(loaded)).toEqual(byPlace(expected));
    expect(loaded).not.toEqual([]);
  },
);
