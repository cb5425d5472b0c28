import { type Database, openDatabase } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newestEvents } from '../src/queries/events/newest-events.ts';
import { loadChargesTargetsStatement } from '../src/queries/charges/load-charges.ts';
import { findOrder, findOrderStatement } from '../src/queries/orders/find-order.ts';
import { loadOrdersStatement } from '../src/queries/orders/load-orders.ts';
import { rowsRead } from './rows-read.ts';

const REVISIONS = 40_000;
/** Orders on both sides of the bound above which newest events are found one source at a time. */
const OTHERS = [1, 2, 99, 100, 101, 102, 250];

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'test' });
  const orders = [REVISIONS, ...OTHERS];
  await database.pool.query(
    `INSERT INTO cashback.order_clears
       (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum, cashback_sum, revision)
     SELECT 'order-' || revision, 'yellow', 'u', 'w', 'USD', 1, 1, 0, revision FROM unnest($1::integer[]) AS revision`,
    [orders],
  );
  // `user` changes each time, `service` in every third revision, and a source of a newer release once.
  await database.pool.query(`ALTER TABLE cashback.events DROP CONSTRAINT events_source`);
  await database.pool.query(
    `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
     SELECT 'order-' || newest, source, revision, revision, 1
     FROM unnest($1::integer[]) AS newest, generate_series(1, newest) AS revision,
       unnest('{user,service,partner}'::text[]) AS source
     WHERE source = 'user' OR (source = 'service' AND revision % 3 = 0) OR (source = 'partner' AND revision = 2)`,
    [orders],
  );
  // As in a live table, where one such order is among many that have few events.
  await database.pool.query(
    `INSERT INTO cashback.events (order_id, source, value, revision, invoice_version)
     SELECT 'other-' || n, 'user', 1, 1, 1 FROM generate_series(1, 20000) AS n`,
  );
  await database.pool.query('ANALYZE cashback.events; ANALYZE cashback.order_clears');
});
afterAll(async () => {
  await database?.close();
  await testDatabase?.drop();
});

const orderIds = [REVISIONS, ...OTHERS].map((revision) => `order-${revision}`);

function newestOf(revision: number): Record<string, string> {
  const service = revision - (revision % 3);
  return {
    user: `${revision}.0000`,
    ...(service > 0 && { service: `${service}.0000` }),
    ...(revision >= 2 && { partner: '2.0000' }),
  };
}

test.each(OTHERS)(
  'the rule finds the same of an order with %i revisions, in whatever order its events are',
  async (revision) => {
    const { rows } = await database.pool.query<{ source: string; value: string; revision: number }>(
      'SELECT source, value, revision FROM cashback.events WHERE order_id = $1 ORDER BY md5(source || revision)',
      [`order-${revision}`],
    );
    const found = newestEvents(rows).map(({ source, value }) => [source, value]);
    expect(Object.fromEntries(found)).toEqual(newestOf(revision));
  },
);

/** How many rows of `events` a statement reads. */
const eventsRead = (text: string, values: unknown[]): Promise<number> =>
  rowsRead(database, ['events'], { text, values });

describe.each([
  ['a register', loadOrdersStatement],
  ['a charge', loadChargesTargetsStatement],
])('%s', (_, statement) => {
  test('finds the newest event of each source, however many revisions an order has', async () => {
    const rows = await statement.rows(database.pool, [orderIds]);
    const found: Record<string, Record<string, string | null>> = {};
    for (const { order_id, source, value } of rows) (found[order_id] ??= {})[source ?? ''] = value;
    expect(found).toEqual(
      Object.fromEntries([REVISIONS, ...OTHERS].map((each) => [`order-${each}`, newestOf(each)])),
    );
  });

  test('reads three events of an order with 40,000 revisions, and no more beside other orders', async () => {
    expect(await eventsRead(statement.text, [[`order-${REVISIONS}`]])).toBeLessThanOrEqual(10);
    const few = ['order-1', 'order-2', 'order-100'];
    const [alone, together] = [
      await eventsRead(statement.text, [few]),
      await eventsRead(statement.text, [[...few, `order-${REVISIONS}`]]),
    ];
    expect(together - alone).toBeLessThanOrEqual(10);
  });
});

test('showing an order reads as few', async () => {
  const order_id = `order-${REVISIONS}`;
  const order = await findOrder(database.pool, order_id);
  expect(Object.fromEntries(order?.target.map(({ source, value }) => [source, value]) ?? [])).toEqual(
    newestOf(REVISIONS),
  );
  expect(await eventsRead(findOrderStatement.text, [order_id])).toBeLessThanOrEqual(10);
});
