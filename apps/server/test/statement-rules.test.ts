import {
  type NewOrder,
  type OrderUpdate,
  type HoldState,
  changePayee,
  countGrowth,
  discountGrowth,
  holdOrders,
  insertOrders,
  loadHolds,
  releaseOrders,
  resumeOrders,
  updateOrders,
} from '@cashback/cashback-db';
import { parseAmount } from '@cashback/contract';
import type { Hold } from '@cashback/core';
import { type Database, type Transaction, openDatabase, withTransaction } from '@cashback/postgres';
import { type TestDatabase, createTestDatabase } from '@cashback/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type WindowRow,
  countedWindow,
  discountedWindow,
  heldRow,
  holdStateOf,
  releasedRow,
} from '../src/register/breaker-rows.ts';
import { type OrderRow, newRow, payeeRow, registeredRow, resumedRow } from '../src/register/order-rows.ts';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'server-test' });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

/** Rows by their ids, as they were before a statement and after it. */
interface Run {
  before: ReadonlyMap<string, OrderRow>;
  after: ReadonlyMap<string, OrderRow>;
  now: number;
}

const amount = fc.integer({ min: 0, max: 9_999_999 }).map(BigInt);
const receipt = fc.option(fc.record({ place: fc.integer() }));
const anyRow = fc.record({
  revision: fc.integer({ min: 3, max: 9 }),
  settled_revision: fc.integer({ min: 0, max: 3 }),
  operation_id: fc.constantFrom(null, 'operation-1'),
  attention: fc.constantFrom(null, 'a reason'),
  attention_code: fc.constantFrom('operation_stuck', 'held_by_breaker', 'foreign_writer'),
  waited_ms: fc.constantFrom(0, 4_000_000_000),
  cashback_version: fc.integer({ min: 0, max: 5 }),
  polled: fc.boolean(),
  held_revision: fc.constantFrom(null, 2, 5),
  receipt,
});
type Drawn = typeof anyRow extends fc.Arbitrary<infer Value> ? Value : never;
const rows = fc.array(anyRow, { minLength: 5, maxLength: 40 });

const HOLD: Hold = {
  service: 'yellow',
  currency: 'EUR',
  allowed: [{ source: 'user', amount: '1.0000' }],
  window_start: '2026-01-01T00:00:00.000Z',
  window_s: 60,
  growth: '12.0000',
  max_growth: '10.0000',
};

/** Runs a statement over the rows of `rule-1` and on. The transaction is rolled back. */
async function run(drawn: readonly Drawn[], statement: (tx: Transaction) => Promise<unknown>): Promise<Run> {
  const rollback = new Error('rolled back');
  let result: Run | undefined;
  await withTransaction(database, async (tx) => {
    await tx.client.query(
      `INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum,
         cashback_sum, revision, settled_revision, operation_id, attention, rewarded, cashback_version, receipt, poll_at,
         next_charge_at, unsettled_since, attention_code, attention_since, attention_details, waited_ms, answered_at,
         heals, healed_since, held_revision, hold)
       SELECT 'rule-' || place, 'yellow', 'user-1', 'wallet-1', 'EUR', 2, 100, 10, revision, settled_revision,
         operation_id, attention, '[{"source":"user","amount":"1.0000"}]', cashback_version, receipt::jsonb,
         CASE WHEN polled THEN now() + interval '20 s' END, now() + interval '5 s', now() - interval '1 hour',
         attention_code, now() - interval '1 minute', '{"of":"it"}', waited_ms, now() - interval '3 s',
         3, now() - interval '2 hours', held_revision, CASE WHEN held_revision IS NOT NULL THEN $11::jsonb END
       FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::boolean[], $7::text[],
         $8::bigint[], $9::integer[], $10::text[])
         WITH ORDINALITY AS input (revision, settled_revision, operation_id, attention, cashback_version, polled, receipt,
           waited_ms, held_revision, attention_code, place)`,
      [
        drawn.map((row) => row.revision),
        drawn.map((row) => row.settled_revision),
        drawn.map((row) => row.operation_id),
        drawn.map((row) => row.attention),
        drawn.map((row) => row.cashback_version),
        drawn.map((row) => row.polled),
        drawn.map((row) => row.receipt && JSON.stringify(row.receipt)),
        drawn.map((row) => row.waited_ms),
        drawn.map((row) => row.held_revision),
        drawn.map((row) => row.attention_code),
        JSON.stringify(HOLD),
      ],
    );
    // Columns round to milliseconds; reading a finer moment would cut it off.
    const clock = await tx.client.query<{ now: Date }>('SELECT now()::timestamptz(3) AS now');
    const now = clock.rows[0]?.now.getTime() ?? 0;
    const before = await readRows(tx);
    await statement(tx);
    result = { before, after: await readRows(tx), now };
    throw rollback;
  }).catch((error: unknown) => {
    if (error !== rollback) throw error;
  });
  if (result === undefined) throw new Error('the statement did not run');
  return result;
}

type Stored = Omit<OrderRow, 'cleared_sum' | 'cashback_sum' | Moment> & {
  cleared_sum: string;
  cashback_sum: string;
  unsettled_since: Date;
  next_charge_at: Date;
  poll_at: Date | null;
  attention_since: Date | null;
  answered_at: Date | null;
  healed_since: Date | null;
  audit_at: Date | null;
};
type Moment =
  | 'unsettled_since'
  | 'next_charge_at'
  | 'poll_at'
  | 'attention_since'
  | 'answered_at'
  | 'healed_since'
  | 'audit_at';

async function readRows(tx: Transaction): Promise<Map<string, OrderRow>> {
  const { rows: stored } = await tx.client.query<Stored>(
    `SELECT order_id, service, user_id, wallet_id, currency, invoice_epoch, invoice_version, cleared_sum, cashback_sum,
       revision, settled_revision, operation_id, attention, rewarded, cashback_epoch, cashback_version, receipt, poll_at,
       next_charge_at, unsettled_since, attention_code, attention_since, attention_details,
       waited_ms::float8 AS waited_ms, answered_at, heals, healed_since, held_revision, hold, audit_at, audit_step, due_by,
       requests, answered_requests
     FROM cashback.order_clears WHERE order_id LIKE 'rule-%'`,
  );
  return new Map(
    stored.map((row) => [
      row.order_id,
      {
        ...row,
        cleared_sum: parseAmount(row.cleared_sum),
        cashback_sum: parseAmount(row.cashback_sum),
        unsettled_since: row.unsettled_since.getTime(),
        next_charge_at: row.next_charge_at.getTime(),
        audit_at: row.audit_at && row.audit_at.getTime(),
        healed_since: row.healed_since && row.healed_since.getTime(),
        poll_at: row.poll_at && row.poll_at.getTime(),
        attention_since: row.attention_since && row.attention_since.getTime(),
        answered_at: row.answered_at && row.answered_at.getTime(),
      },
    ]),
  );
}

const RUNS = { numRuns: 15 };
const place = fc.integer({ min: 1, max: 40 });

describe('the statement does what its rule says:', () => {
  test('insertOrders', () => {
    const newOrder = fc.record({ place, cleared_sum: amount, cashback_sum: amount, receipt });
    const drawnOrders = fc.uniqueArray(newOrder, { selector: (order) => order.place, minLength: 1 });
    return fc.assert(
      fc.asyncProperty(rows, drawnOrders, async (drawn, drawnNew) => {
        const orders = drawnNew.map(({ place: at, ...columns }): NewOrder => ({
          order_id: `rule-${at}`,
          service: 'green',
          user_id: 'user-2',
          wallet_id: 'wallet-2',
          currency: 'USD',
          invoice_epoch: 3,
          invoice_version: 7,
          ...columns,
        }));
        let created = new Set<string>();
        const { before, after, now } = await run(drawn, async (tx) => {
          created = await insertOrders(tx, orders);
        });
        const expected = new Map(before);
        for (const order of orders) {
          expect(created.has(order.order_id)).toBe(!before.has(order.order_id));
          if (!before.has(order.order_id)) expected.set(order.order_id, newRow(order, now));
        }
        expect(after).toEqual(expected);
      }),
      RUNS,
    );
  });

  test('updateOrders', () => {
    const update = fc.record({
      place,
      revision: fc.integer({ min: 3, max: 20 }),
      is_new_target: fc.boolean(),
      invoice_epoch: fc.integer({ min: 1, max: 3 }),
      invoice_version: fc.integer({ min: 1, max: 20 }),
      cleared_sum: amount,
      cashback_sum: amount,
      receipt,
    });
    const drawnUpdates = fc.uniqueArray(update, { selector: (one) => one.place });
    return fc.assert(
      fc.asyncProperty(rows, drawnUpdates, async (drawn, drawnUpdate) => {
        const updates = drawnUpdate
          .filter(({ place: at }) => at <= drawn.length)
          .map(({ place: at, ...columns }): OrderUpdate => ({ order_id: `rule-${at}`, ...columns }));
        const { before, after, now } = await run(drawn, (tx) => updateOrders(tx, updates));
        const expected = new Map(before);
        for (const one of updates) {
          const row = before.get(one.order_id);
          if (row !== undefined) expected.set(one.order_id, registeredRow(row, one, now));
        }
        expect(after).toEqual(expected);
      }),
      RUNS,
    );
  });

  test('resumeOrders', () =>
    fc.assert(
      fc.asyncProperty(rows, fc.uniqueArray(place), fc.boolean(), async (drawn, places, by_person) => {
        const ids = places.map((at) => `rule-${at}`);
        const { before, after, now } = await run(drawn, (tx) => resumeOrders(tx, ids, { by_person }));
        const expected = new Map(before);
        for (const id of ids) {
          const row = before.get(id);
          if (row !== undefined) expected.set(id, resumedRow(row, { by_person }, now) ?? row);
        }
        expect(after).toEqual(expected);
      }),
      RUNS,
    ));

  test('changePayee', () =>
    fc.assert(
      fc.asyncProperty(rows, place, async (drawn, at) => {
        const to = { user_id: 'user-2', wallet_id: 'wallet-2' };
        const by = { caller: 'caller-1', reason: 'reason' };
        const { before, after, now } = await run(drawn, (tx) => changePayee(tx, idAt(at), to, by));
        const expected = new Map(before);
        const row = before.get(idAt(at));
        if (row !== undefined) expected.set(idAt(at), payeeRow(row, to, now));
        expect(after).toEqual(expected);
      }),
      RUNS,
    ));

  test('holdOrders', () =>
    fc.assert(
      fc.asyncProperty(rows, fc.uniqueArray(place), async (drawn, places) => {
        const held = places.flatMap((at) => {
          const row = drawn[at - 1];
          return row === undefined ? [] : [{ order_id: `rule-${at}`, revision: row.revision, hold: HOLD }];
        });
        const { before, after, now } = await run(drawn, (tx) => holdOrders(tx, held));
        const expected = new Map(before);
        for (const one of held) {
          const row = before.get(one.order_id);
          if (row !== undefined) expected.set(one.order_id, heldRow(row, one, now));
        }
        expect(after).toEqual(expected);
      }),
      RUNS,
    ));

  test('loadHolds', () =>
    fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        let holds: HoldState[] = [];
        const { before } = await run(drawn, async (tx) => {
          holds = await loadHolds(
            tx,
            drawn.map((_, index) => idAt(index + 1)),
          );
        });
        const byId = new Map(holds.map((hold) => [hold.order_id, hold]));
        expect(byId).toEqual(new Map([...before].map(([id, row]) => [id, holdStateOf(row)])));
      }),
      RUNS,
    ));

  test('releaseOrders', () =>
    fc.assert(
      fc.asyncProperty(rows, fc.uniqueArray(place), async (drawn, places) => {
        const ids = places.filter((at) => (drawn[at - 1]?.held_revision ?? null) !== null).map(idAt);
        const release = { caller: 'caller-1', reason: 'reason' };
        const { before, after, now } = await run(drawn, (tx) => releaseOrders(tx, ids, release));
        const expected = new Map(before);
        for (const id of ids) {
          const row = before.get(id);
          if (row !== undefined) expected.set(id, releasedRow(row, now));
        }
        expect(after).toEqual(expected);
      }),
      RUNS,
    ));

  test('countGrowth and discountGrowth', () => {
    const added = fc.record({
      window_s: fc.constantFrom(60, 3_600),
      growth: amount,
      late_s: fc.integer({ min: -90, max: 90 }),
    });
    return fc.assert(
      fc.asyncProperty(fc.array(added, { minLength: 1, maxLength: 6 }), async (drawn) => {
        await run([], async (tx) => {
          let expected: WindowRow | null = null;
          for (const { window_s, growth, late_s } of drawn) {
            // A window that was opened earlier or later than the one of now.
            await tx.client.query(
              "UPDATE cashback.breaker_windows SET window_start = window_start + $1 * interval '1 s'",
              [late_s],
            );
            if (expected !== null)
              expected = { ...expected, window_start: expected.window_start + late_s * 1_000 };
            const clock = await tx.client.query<{ now: Date }>('SELECT now()::timestamptz(3) AS now');
            const one = { service: 'yellow', currency: 'EUR', window_s, growth };
            const [window] = await countGrowth(tx, [one]);
            expected = countedWindow(expected, one, clock.rows[0]?.now.getTime() ?? 0);
            expect(window).toMatchObject({
              growth: expected.growth,
              window_start: new Date(expected.window_start),
            });
            const half = { ...one, growth: growth / 2n };
            await discountGrowth(tx, [half]);
            expected = discountedWindow(expected, half);
          }
        });
      }),
      RUNS,
    );
  });
});

function idAt(at: number): string {
  return `rule-${at}`;
}
