import {
  type ChargeUpdate,
  claimPolls,
  expeditePolls,
  leasePolls,
  makeDue,
  loadRequestedOrders,
  scheduleOrders,
  updateCharges,
} from '@cashback/cashback-db';
import { type Transaction, withTransaction } from '@cashback/postgres';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReconciledRow, updatedRow } from '../src/reconcile/updated-row.ts';
import {
  type PollTimes,
  type ScheduledRow,
  claimedTimes,
  dueTimes,
  expeditedTimes,
  leasedTimes,
  requestedTimes,
  scheduledTimes,
} from '../src/schedule/poll-times.ts';
import { type Harness, createHarness } from './support/harness.ts';

type Row = ScheduledRow & ReconciledRow;

let harness: Harness;

beforeAll(async () => {
  harness = await createHarness();
});
afterAll(() => harness.stop());

/** Off a grid of moments, so that no row is due in the very millisecond of the statement. */
const offset = fc.constantFrom(-90_000, -60_500, -59_500, -500, 500, 20_000, 90_000);
const reward = (amount: number): Row['rewarded'] => [{ source: 'user', amount: `${amount}.0000` }];

const anyRow = fc.record({
  unsettled: fc.boolean(),
  operation_id: fc.constantFrom(null, 'operation-1', 'operation-2'),
  attention: fc.constantFrom(null, 'a reason'),
  cashback_epoch: fc.constantFrom(1, 2),
  cashback_version: fc.constantFrom(0, 5),
  poll_in_ms: fc.option(offset),
  charge_in_ms: offset,
});
type Drawn = typeof anyRow extends fc.Arbitrary<infer Value> ? Value : never;
const rows = fc.array(anyRow, { minLength: 20, maxLength: 60 });

/** Runs a statement over the rows, and returns each as it was before and after. The transaction is rolled back. */
async function outcomesOf(
  drawn: readonly Drawn[],
  statement: (tx: Transaction, before: Row[], now: number) => Promise<unknown>,
): Promise<{ before: Row; after: Row; now: number }[]> {
  const rollback = new Error('rolled back');
  let pairs: { before: Row; after: Row; now: number }[] = [];
  await withTransaction(harness.database, async (tx) => {
    await tx.client.query(
      `INSERT INTO cashback.order_clears (order_id, service, user_id, wallet_id, currency, invoice_version, cleared_sum,
         cashback_sum, revision, settled_revision, operation_id, attention, rewarded, cashback_epoch, cashback_version, poll_at, next_charge_at)
       SELECT 'rule-' || place, 'yellow', 'user-1', 'wallet-1', 'EUR', 1, 100, 10, 3, CASE WHEN unsettled THEN 2 ELSE 3 END,
         operation_id, attention, $8::jsonb, cashback_epoch, cashback_version, now() + poll_in_ms * interval '1 millisecond',
         now() + charge_in_ms * interval '1 millisecond'
       FROM unnest($1::boolean[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::integer[])
         WITH ORDINALITY AS input (unsettled, operation_id, attention, cashback_epoch, cashback_version, poll_in_ms, charge_in_ms, place)`,
      [
        drawn.map((row) => row.unsettled),
        drawn.map((row) => row.operation_id),
        drawn.map((row) => row.attention),
        drawn.map((row) => row.cashback_epoch),
        drawn.map((row) => row.cashback_version),
        drawn.map((row) => row.poll_in_ms),
        drawn.map((row) => row.charge_in_ms),
        JSON.stringify(reward(1)),
      ],
    );
    const {
      rows: [clock],
    } = await tx.client.query<{ now: Date }>('SELECT now() AS now');
    const now = clock?.now.getTime() ?? 0;
    const before = await readRows(tx);
    await statement(tx, before, now);
    const after = await readRows(tx);
    pairs = before.map((row, index) => ({ before: row, after: after[index] ?? row, now }));
    throw rollback;
  }).catch((error: unknown) => {
    if (error !== rollback) throw error;
  });
  return pairs;
}

async function readRows(tx: Transaction): Promise<Row[]> {
  type Stored = Omit<Row, 'poll_at' | 'next_charge_at'> & { poll_at: Date | null; next_charge_at: Date };
  const { rows: stored } = await tx.client.query<Stored>(
    `SELECT order_id, revision, settled_revision, operation_id, attention, rewarded, cashback_epoch, cashback_version, poll_at, next_charge_at
     FROM cashback.order_clears WHERE order_id LIKE 'rule-%' ORDER BY order_id`,
  );
  return stored.map((row) => ({
    ...row,
    poll_at: row.poll_at && row.poll_at.getTime(),
    next_charge_at: row.next_charge_at.getTime(),
  }));
}

/** The database rounds to milliseconds what it adds to its microseconds. */
function expectClose(found: number | null, expected: number | null): void {
  if (found === null || expected === null) expect(found).toBe(expected);
  else expect(Math.abs(found - expected)).toBeLessThanOrEqual(1);
}

function expectTimes(after: Row, before: Row, times: PollTimes | null): void {
  const expected = { ...before, ...times };
  expectClose(after.poll_at, expected.poll_at);
  expectClose(after.next_charge_at, expected.next_charge_at);
  expect({ ...after, poll_at: 0, next_charge_at: 0 }).toEqual({ ...before, poll_at: 0, next_charge_at: 0 });
}

const ids = (before: readonly Row[]): string[] => before.map(({ order_id }) => order_id);
const LEASE_MS = 30_000;
const GRACE_MS = 60_000;
const RUNS = { numRuns: 15 };

describe('the statement does what its rule says:', () => {
  test('claimPolls', () =>
    fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        const pairs = await outcomesOf(drawn, (tx, before) =>
          claimPolls(tx, { due: ids(before), lease_ms: LEASE_MS }),
        );
        for (const { before, after, now } of pairs) {
          expectTimes(after, before, claimedTimes(before, LEASE_MS, now));
        }
      }),
      RUNS,
    ));

  test('leasePolls', () =>
    fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        const pairs = await outcomesOf(drawn, (tx, before) => leasePolls(tx, ids(before), LEASE_MS));
        for (const { before, after, now } of pairs) {
          expectTimes(after, before, leasedTimes(before, LEASE_MS, now));
        }
      }),
      RUNS,
    ));

  test('makeDue', () =>
    fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        const pairs = await outcomesOf(drawn, (tx, before) => makeDue(tx, ids(before)));
        for (const { before, after, now } of pairs) expectTimes(after, before, dueTimes(before, now));
      }),
      RUNS,
    ));

  test('expeditePolls', () =>
    fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 0, max: 40_000 }), async (drawn, in_ms) => {
        const operation_id = 'operation-1';
        const pairs = await outcomesOf(drawn, (tx, before) =>
          expeditePolls(
            tx,
            ids(before).map((order_id) => ({ order_id, operation_id, in_ms })),
          ),
        );
        for (const { before, after, now } of pairs) {
          const poll = { order_id: before.order_id, operation_id, in_ms };
          expectTimes(after, before, expeditedTimes(before, poll, now));
        }
      }),
      RUNS,
    ));

  test('scheduleOrders', () =>
    fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        const hasJob = (orderId: string): boolean => orderId.endsWith('1');
        const pairs = await outcomesOf(drawn, (tx, before) => {
          const queued = new Set(ids(before).filter(hasJob));
          return scheduleOrders(tx, { grace_ms: GRACE_MS, order_ids: ids(before), queued });
        });
        for (const { before, after, now } of pairs) {
          const has_job = hasJob(before.order_id);
          expectTimes(after, before, scheduledTimes(before, { has_job, grace_ms: GRACE_MS }, now));
        }
      }),
      RUNS,
    ));

  test('loadRequestedOrders', () =>
    fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        const operation_id = 'operation-1';
        const found = new Set<string>();
        const pairs = await outcomesOf(drawn, async (tx, before) => {
          const requests = ids(before).map((order_id) => ({ order_id, operation_id }));
          for (const { order_id } of await loadRequestedOrders(tx.client, requests)) found.add(order_id);
        });
        for (const { before, now } of pairs) {
          const request = { order_id: before.order_id, operation_id };
          const isRequested = requestedTimes(before, request, LEASE_MS, now) !== null;
          expect(found.has(before.order_id)).toBe(isRequested);
        }
      }),
      RUNS,
    ));

  test('updateCharges', () => {
    const anyUpdate = fc.record({
      next_operation_id: fc.constantFrom(null, 'operation-3'),
      settled: fc.boolean(),
      rewarded: fc.constantFrom(null, reward(7)),
      cashback: fc.constantFrom(
        { cashback_epoch: null, cashback_version: null },
        ...[1, 2, 3].flatMap((cashback_epoch) =>
          [2, 9].map((cashback_version) => ({ cashback_epoch, cashback_version })),
        ),
      ),
      attention: fc.constantFrom(null, 'another reason'),
      poll_in_ms: fc.option(fc.integer({ min: 0, max: 40_000 })),
    });
    return fc.assert(
      fc.asyncProperty(rows, anyUpdate, async (drawn, { cashback, ...changes }) => {
        const updateOf = ({ order_id, revision, operation_id }: Row): ChargeUpdate => ({
          order_id,
          revision,
          operation_id,
          ...cashback,
          ...changes,
        });
        const pairs = await outcomesOf(drawn, (tx, before) => updateCharges(tx, before.map(updateOf)));
        for (const { before, after, now } of pairs) {
          const { poll_at, next_charge_at, ...expected } = updatedRow(before, updateOf(before), now);
          expect(after).toMatchObject(expected);
          expectClose(after.poll_at, poll_at);
          expectClose(after.next_charge_at, next_charge_at);
        }
      }),
      RUNS,
    );
  });

  test('updateCharges of a row that is not as it was decided on', async () => {
    const [row] = fc.sample(anyRow, 1);
    if (row === undefined) throw new Error('no row');
    await outcomesOf([row], async (tx, [before]) => {
      if (before === undefined) throw new Error('no row');
      const kept = { next_operation_id: null, settled: false, rewarded: null };
      const nothing = { cashback_epoch: null, cashback_version: null };
      const update = { ...kept, ...nothing, order_id: before.order_id, attention: null, poll_in_ms: null };
      for (const moved of [{ revision: 2 }, { operation_id: 'operation-9' }]) {
        const stale = { revision: before.revision, operation_id: before.operation_id, ...update, ...moved };
        expect(() => updatedRow(before, stale, 0)).toThrow(before.order_id);
        await expect(updateCharges(tx, [stale])).rejects.toThrow(before.order_id);
      }
    });
  });
});
