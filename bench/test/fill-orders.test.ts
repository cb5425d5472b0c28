import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import type { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withClient } from '../src/database/with-client.ts';
import { fillOrders } from '../src/register/fill/fill-orders.ts';
import { ID_FORMS, type IdForm } from '../src/register/order-ids.ts';

const orders = 1_000;

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await database.drop();
});

describe('a filled database', () => {
  for (const form of ID_FORMS) {
    test(`has settled orders whose events add up to their sums, ${form} ids`, async () => {
      await fill(form);
      const { rows } = await withClient(database.url, (client) =>
        client.query(
          `SELECT count(*)::int AS orders, bool_and(order_id ~ '^[0-9]{32}$') AS ids,
             bool_and(revision = 1 AND settled_revision = 1) AS settled,
             bool_and(cashback_sum = (SELECT sum(value) FROM cashback.events WHERE events.order_id = stored.order_id)) AS sums,
             (SELECT count(*)::int FROM cashback.events) AS events
           FROM cashback.order_clears AS stored`,
        ),
      );
      expect(rows).toEqual([{ orders, ids: true, settled: true, sums: true, events: orders * 2 }]);
    });
  }

  test('has every index and constraint of the migrations', async () => {
    const before = await withClient(database.url, definitions);
    await fill('random');
    expect(before.length).toBeGreaterThan(5);
    expect(await withClient(database.url, definitions)).toEqual(before);
  });
});

function fill(form: IdForm): Promise<void> {
  const signal = new AbortController().signal;
  return fillOrders(database.url, { orders, form, report: () => {}, signal });
}

async function definitions(client: Client): Promise<unknown[]> {
  const { rows } = await client.query(
    `SELECT indexdef AS definition FROM pg_indexes WHERE schemaname = 'cashback'
     UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'cashback'::regnamespace
     ORDER BY 1`,
  );
  return rows;
}
