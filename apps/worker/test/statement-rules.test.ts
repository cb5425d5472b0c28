import {
  type ChargeUpdate,
  type RunAudit,
  claimPolls,
  expeditePolls,
  findForeignChanges,
  findWalletWaits,
  insertOperations,
  leasePolls,
  makeDue,
  planAudits,
  runAudits,
  scheduleOrders,
  updateCharges,
} from '@cashback/cashback-db';
import { type Transaction, withTransaction } from '@cashback/postgres';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ReconciledRow, updatedRow } from '../src/reconcile/updated-row.ts';
import { foreignChangesOf } from '../src/schedule/follow/foreign-changes.ts';
import {
  type PollTimes,
  type ScheduledRow,
  auditedTimes,
  claimedTimes,
  dueTimes,
  expeditedTimes,
  firstAuditTimes,
  leasedTimes,
  scheduledTimes,
  waitsForWallet,
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
  attention_code: fc.constantFrom(null, 'operation_stuck', 'owed', 'wallet_forbids_negative'),
  attention_since: fc.option(offset),
  waited_ms: fc.constantFrom(0, 4_000_000_000),
  answered: fc.boolean(),
  cashback_epoch: fc.constantFrom(1, 2),
  cashback_version: fc.constantFrom(0, 5),
  poll_in_ms: fc.option(offset),
  charge_in_ms: offset,
  audit_in_ms: fc.option(offset),
  audit_step: fc.constantFrom(0, 1),
  due_by: fc.constantFrom(null, 'feed' as const, 'balance' as const),
  requests: fc.constantFrom(1, 3),
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
         cashback_sum, revision, settled_revision, operation_id, attention, rewarded,
         cashback_epoch, cashback_version, poll_at, next_charge_at, attention_code, attention_since, attention_details,
         waited_ms, answered_at, unsettled_since, heals, healed_since, audit_at, audit_step,
         due_by, requests, answered_requests)
       SELECT 'rule-' || place, 'yellow', 'user-1', 'wallet-1', 'EUR', 1, 100, 10, 3, CASE WHEN unsettled THEN 2 ELSE 3 END,
         operation_id, attention, $8::jsonb, cashback_epoch, cashback_version, now() + poll_in_ms * interval '1 millisecond',
         now() + charge_in_ms * interval '1 millisecond', attention_code,
         now() + attention_since * interval '1 millisecond', '{"of":"it"}', waited_ms,
         CASE WHEN answered THEN now() - interval '3 seconds' END, now() - interval '1 hour', 3,
         now() - interval '2 hours', now() + audit_in_ms * interval '1 millisecond', audit_step, due_by, requests, 1
       FROM unnest($1::boolean[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::integer[],
         $9::text[], $10::integer[], $11::bigint[], $12::boolean[],
         $13::integer[], $14::integer[], $15::text[], $16::integer[])
         WITH ORDINALITY AS input (unsettled, operation_id, attention, cashback_epoch, cashback_version, poll_in_ms, charge_in_ms,
           attention_code, attention_since, waited_ms, answered, audit_in_ms, audit_step, due_by, requests, place)`,
      [
        drawn.map((row) => row.unsettled),
        drawn.map((row) => row.operation_id),
        drawn.map((row) => row.attention),
        drawn.map((row) => row.cashback_epoch),
        drawn.map((row) => row.cashback_version),
        drawn.map((row) => row.poll_in_ms),
        drawn.map((row) => row.charge_in_ms),
        JSON.stringify(reward(1)),
        drawn.map((row) => row.attention_code),
        drawn.map((row) => row.attention_since),
        drawn.map((row) => row.waited_ms),
        drawn.map((row) => row.answered),
        drawn.map((row) => row.audit_in_ms),
        drawn.map((row) => row.audit_step),
        drawn.map((row) => row.due_by),
        drawn.map((row) => row.requests),
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

const MOMENTS = [
  'poll_at',
  'next_charge_at',
  'attention_since',
  'answered_at',
  'unsettled_since',
  'healed_since',
  'audit_at',
] as const;
type Moment = (typeof MOMENTS)[number];

async function readRows(tx: Transaction): Promise<Row[]> {
  const { rows: stored } = await tx.client.query<Omit<Row, Moment> & Record<Moment, Date | null>>(
    `SELECT order_id, revision, settled_revision, operation_id, attention, attention_code, attention_since,
       attention_details, waited_ms::float8 AS waited_ms, answered_at, unsettled_since, heals, healed_since, rewarded, cashback_epoch,
       audit_at, audit_step, due_by, requests, answered_requests,
       cashback_version, poll_at, next_charge_at
     FROM cashback.order_clears WHERE order_id LIKE 'rule-%' ORDER BY order_id`,
  );
  return stored.map((row) => {
    const moments = MOMENTS.map((moment) => [moment, row[moment]?.getTime() ?? null]);
    return { ...row, ...(Object.fromEntries(moments) as Pick<Row, Moment>) };
  });
}

/** The database rounds to milliseconds what it adds to its microseconds. */
function expectRow(found: Row, expected: Row): void {
  for (const moment of MOMENTS) {
    const [at, expectedAt] = [found[moment], expected[moment]];
    if (at === null || expectedAt === null) expect(at).toBe(expectedAt);
    else expect(Math.abs(at - expectedAt)).toBeLessThanOrEqual(1);
  }
  const withoutMoments = Object.fromEntries(MOMENTS.map((moment) => [moment, null]));
  expect({ ...found, ...withoutMoments }).toEqual({ ...expected, ...withoutMoments });
}

function expectTimes(after: Row, before: Row, times: PollTimes | null): void {
  expectRow(after, { ...before, ...times });
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
        const pairs = await outcomesOf(drawn, (tx, before) => makeDue(tx, ids(before), 'feed'));
        for (const { before, after, now } of pairs) {
          expectTimes(after, before, dueTimes(before, 'feed', now));
        }
      }),
      RUNS,
    ));

  test('findWalletWaits', () =>
    fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        let found: string[] = [];
        const pairs = await outcomesOf(drawn, async (tx) => {
          found = await findWalletWaits(tx.client, { wallet_id: 'wallet-1', limit: 100 });
        });
        const waiting = pairs.filter(({ before }) =>
          waitsForWallet({ ...before, wallet_id: 'wallet-1' }, 'wallet-1'),
        );
        expect(found.toSorted()).toEqual(ids(waiting.map(({ before }) => before)).toSorted());
      }),
      RUNS,
    ));

  test('expeditePolls', () =>
    fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 0, max: 40_000 }),
        fc.boolean(),
        async (drawn, in_ms, answered) => {
          const operation_id = 'operation-1';
          const pairs = await outcomesOf(drawn, (tx, before) =>
            expeditePolls(
              tx,
              ids(before).map((order_id) => ({ order_id, operation_id, in_ms, answered })),
            ),
          );
          for (const { before, after, now } of pairs) {
            const poll = { order_id: before.order_id, operation_id, in_ms, answered };
            expectTimes(after, before, expeditedTimes(before, poll, now));
          }
        },
      ),
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

  const anyAudit = fc.record({
    audit_step: fc.constantFrom(1, 2),
    audit_in_ms: fc.constantFrom(null, 0, 7_000_000_000),
  });

  test('runAudits', () =>
    fc.assert(
      fc.asyncProperty(rows, anyAudit, fc.constantFrom(0, 1), async (drawn, audit, due_step) => {
        const runOf = ({ order_id }: Row): RunAudit => ({ order_id, due_step, ...audit });
        const pairs = await outcomesOf(drawn, (tx, before) => runAudits(tx, before.map(runOf)));
        for (const { before, after, now } of pairs) {
          expectTimes(after, before, auditedTimes(before, runOf(before), now));
        }
      }),
      RUNS,
    ));

  test('planAudits', () =>
    fc.assert(
      fc.asyncProperty(rows, anyAudit, async (drawn, audit) => {
        const pairs = await outcomesOf(drawn, (tx, before) =>
          planAudits(
            tx,
            before.map(({ order_id }) => ({ order_id, ...audit })),
          ),
        );
        for (const { before, after, now } of pairs) {
          expectTimes(after, before, firstAuditTimes(before, audit, now));
        }
      }),
      RUNS,
    ));

  test('updateCharges', () => {
    const anyUpdate = fc.record({
      next_operation_id: fc.constantFrom(null, 'operation-1', 'operation-3'),
      settled: fc.boolean(),
      rewarded: fc.constantFrom(null, reward(7)),
      cashback: fc.constantFrom(
        { cashback_epoch: null, cashback_version: null },
        ...[1, 2, 3].flatMap((cashback_epoch) =>
          [2, 9].map((cashback_version) => ({ cashback_epoch, cashback_version })),
        ),
      ),
      attention: fc.constantFrom(
        null,
        { code: 'operation_stuck', reason: 'another reason', details: { why: 'it' } },
        { code: null, reason: 'of an older release', details: null },
      ),
      reopened: fc.boolean(),
      waited_ms: fc.constantFrom(0, 5_000_000_000),
      answered_at: fc.constantFrom(null, new Date('2026-01-02T03:04:05.678Z')),
      heals: fc.constantFrom(0, 4),
      healed_since: fc.constantFrom(null, new Date('2026-01-02T03:04:05.678Z')),
      audit: fc.option(anyAudit),
      answered_requests: fc.constantFrom(1, 3),
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
          expectRow(after, { ...before, ...updatedRow(before, updateOf(before), now) });
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
      const nothing = {
        cashback_epoch: null,
        cashback_version: null,
        reopened: false,
        waited_ms: 0,
        answered_at: null,
        heals: 0,
        healed_since: null,
        audit: null,
        answered_requests: 0,
      };
      const update = { ...kept, ...nothing, order_id: before.order_id, attention: null, poll_in_ms: null };
      for (const moved of [{ revision: 2 }, { operation_id: 'operation-9' }]) {
        const stale = { revision: before.revision, operation_id: before.operation_id, ...update, ...moved };
        expect(() => updatedRow(before, stale, 0)).toThrow(before.order_id);
        await expect(updateCharges(tx, [stale])).rejects.toThrow(before.order_id);
      }
    });
  });

  test('findForeignChanges', () => {
    const change = fc.record({
      place: fc.integer({ min: 1, max: 30 }),
      cashback_epoch: fc.constantFrom(1, 2),
      cashback_version: fc.integer({ min: 1, max: 7 }),
      operation_id: fc.constantFrom(null, 'ours', 'theirs'),
    });
    return fc.assert(
      fc.asyncProperty(rows, fc.array(change), async (drawn, drawnChanges) => {
        const changes = drawnChanges.map(({ place, ...one }) => ({ order_id: `rule-${place}`, ...one }));
        await outcomesOf(drawn, async (tx, before) => {
          const order_id = 'rule-1';
          const content = { user_id: 'user-1', wallet_id: 'wallet-1', currency: 'EUR', reward: reward(1) };
          const version = { revision: 3, cashback_epoch: 1, version: 0, attempt: 0 };
          await insertOperations(tx, [{ order_id, operation_id: 'ours', ...version, ...content }]);
          const expected = foreignChangesOf(changes, (id) => {
            const row = before.find((one) => one.order_id === id);
            const isOurs = (operationId: string): boolean => id === order_id && operationId === 'ours';
            return row === undefined ? null : { ...row, isOurs };
          });
          const byId = (one: { order_id: string }): string => one.order_id;
          const found = await findForeignChanges(tx.client, changes);
          expect(new Map(found.map((one) => [byId(one), one]))).toEqual(
            new Map(expected.map((one) => [byId(one), one])),
          );
          expect(found).toHaveLength(expected.length);
        });
      }),
      RUNS,
    );
  });
});
