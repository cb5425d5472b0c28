import { formatAmount, parseAmount } from '@cashback/contract';
import { type Database, type Transaction, openDatabase, withTransaction } from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import type { CashbackStatus } from '@cashback/wire';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFinished } from '../src/cashback/operation.ts';
import { advanceCashbackVersions } from '../src/db/queries/invoices/advance-cashback-versions.ts';
import { insertInvoice } from '../src/db/queries/invoices/insert-invoice.ts';
import { readInvoice } from '../src/db/queries/invoices/read-invoice.ts';
import { updateInvoice } from '../src/db/queries/invoices/update-invoice.ts';
import { insertBaskets, refundBaskets } from '../src/db/queries/operations/baskets.ts';
import { claimOverdue } from '../src/db/queries/operations/claim-overdue.ts';
import { insertOperations } from '../src/db/queries/operations/insert-operations.ts';
import { insertSteps } from '../src/db/queries/operations/insert-steps.ts';
import { loadBaskets } from '../src/db/queries/operations/load-baskets.ts';
import { loadUnfinished } from '../src/db/queries/operations/load-unfinished.ts';
import { updateOperations } from '../src/db/queries/operations/update-operations.ts';
import { updateSteps } from '../src/db/queries/operations/update-steps.ts';
import {
  type BasketRow,
  heldBySource,
  insertedBasket,
  openBaskets,
  refundedBasket,
} from '../src/db/rules/baskets.ts';
import {
  type InvoiceRow,
  insertedInvoice,
  updatedInvoice,
  withCashbackVersion,
} from '../src/db/rules/invoices.ts';
import {
  type OperationRow,
  type StepRow,
  claimedOperation,
  insertedOperation,
  insertedStep,
  newestOperations,
  unfinishedOperation,
  updatedOperation,
  updatedStep,
} from '../src/db/rules/operations.ts';
import type { StepStatus } from '../src/db/tables.ts';
import { SHOWN_OPERATIONS, shownInvoice } from '../src/invoices/shown-invoice.ts';

let database: Database;
let tearDown: () => Promise<void>;

beforeAll(async () => {
  const testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'rules-test', log_error: () => {} });
  tearDown = async () => {
    await database.close();
    await testDatabase.drop();
  };
});
afterAll(() => tearDown());

const INVOICE = {
  invoice_id: 'rule',
  service: 'yellow',
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  version: 1,
  status: 'cleared' as const,
  payments: [{ payment_type: 'card', items: [{ item_id: 'fare', amount: '100.0000' }] }],
};
const RUNS = { numRuns: 10 };
const OVERDUE_MS = 10_000;
/** Off a grid of moments, so that no row is due in the very millisecond of the statement. */
const offset = fc.constantFrom(-90_000, -10_500, -9_500, 500, 60_000);
const status = fc.constantFrom<CashbackStatus>('init', 'in-progress', 'success', 'failed');
const stepStatus = fc.constantFrom<StepStatus>('planned', 'sent', 'pending', 'applied', 'refused', 'skipped');
const reason = fc.constantFrom(null, 'a reason');
const anyOperation = fc.record({
  status,
  reason,
  attempts: fc.nat(5),
  next_in_ms: offset,
  steps: fc.array(fc.record({ status: stepStatus, reason }), { minLength: 1, maxLength: 4 }),
});
const operations = fc.array(anyOperation, { minLength: 5, maxLength: 15 });
type Drawn = typeof operations extends fc.Arbitrary<infer Value> ? Value : never;

/** Runs within a transaction that is rolled back, so that all its statements have one `now()`. */
async function rolledBack(work: (tx: Transaction, now: number) => Promise<void>): Promise<void> {
  const rollback = new Error('rolled back');
  await withTransaction(database, async (tx) => {
    const { rows } = await tx.client.query<{ now: Date }>('SELECT now() AS now');
    await work(tx, rows[0]?.now.getTime() ?? 0);
    throw rollback;
  }).catch((error: unknown) => {
    if (error !== rollback) throw error;
  });
}

/** The database rounds to milliseconds what it adds to its microseconds. */
function expectRow<Row extends object>(found: Row | undefined, expected: Row): void {
  expect(Object.keys(found ?? {}).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [column, value] of Object.entries(expected)) {
    const stored: unknown = found?.[column as keyof Row];
    if (!column.endsWith('_at') || typeof value !== 'number') expect(stored, column).toEqual(value);
    else expect(Math.abs(Number(stored) - value), column).toBeLessThanOrEqual(1);
  }
}

const identity = (number: number) => ({
  operation_id: `rule-${number}`,
  invoice_id: `rule-${number}`,
  version: 3,
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  reward: [{ source: 'user' as const, amount: '5.0000' }],
  wallet_policy: 'fail' as const,
});

/** An operation of an invoice of its own for each, with its steps. */
async function storeOperations(tx: Transaction, drawn: Drawn): Promise<OperationRow[]> {
  for (const [number, { status: of, reason: why, attempts, next_in_ms, steps }] of drawn.entries()) {
    await insertOperations(tx, [{ ...identity(number), status: of }]);
    await tx.client.query(
      `UPDATE transactions.cashback_operations
       SET reason = $2, attempts = $3, next_look_at = now() + $4::integer * interval '1 millisecond'
       WHERE operation_id = $1`,
      [`rule-${number}`, why, attempts, next_in_ms],
    );
    // The order of rows is not the order of steps.
    const planned = steps.map((_, index) => plannedStep(`rule-${number}`, index + 1)).toReversed();
    await insertSteps(tx, planned);
    for (const [index, step] of steps.entries()) {
      await tx.client.query(
        'UPDATE transactions.operation_steps SET status = $3, reason = $4 WHERE operation_id = $1 AND step_number = $2',
        [`rule-${number}`, index + 1, step.status, step.reason],
      );
    }
  }
  return readOperations(tx);
}

const plannedStep = (operation_id: string, step_number: number) => ({
  operation_id,
  step_number,
  kind: 'topup' as const,
  source: 'user' as const,
  amount: '5.0000',
  step_id: `${operation_id}.${step_number}`,
  basket_id: `${operation_id}.${step_number}`,
});

const at = (moment: Date | null): number | null => moment && moment.getTime();

async function readOperations(tx: Transaction): Promise<OperationRow[]> {
  const { rows } = await tx.client.query(
    `SELECT operation_id, invoice_id, version, user_id, wallet_id, currency, reward, wallet_policy, status, reason,
       attempts, next_look_at AS next_attempt_at, finished_at
     FROM transactions.cashback_operations WHERE operation_id LIKE 'rule%' ORDER BY operation_id`,
  );
  return rows.map((row) => ({
    ...row,
    next_attempt_at: at(row.next_attempt_at),
    finished_at: at(row.finished_at),
  }));
}

async function readSteps(tx: Transaction): Promise<StepRow[]> {
  const { rows } = await tx.client.query<StepRow>(
    `SELECT operation_id, step_number, kind, source, amount, step_id, basket_id, status, reason, taken, attempt
     FROM transactions.operation_steps WHERE operation_id LIKE 'rule%' ORDER BY step_id`,
  );
  return rows;
}

async function readBaskets(tx: Transaction): Promise<BasketRow[]> {
  const { rows } = await tx.client.query<Record<'amount' | 'refunded', string> & BasketRow>(
    `SELECT invoice_id, basket_id, source, amount, refunded, version, step_number
     FROM transactions.baskets WHERE invoice_id = 'rule' ORDER BY basket_id`,
  );
  return rows.map((row) => ({
    ...row,
    amount: parseAmount(row.amount as unknown as string),
    refunded: parseAmount(row.refunded as unknown as string),
  }));
}

async function readInvoiceRow(tx: Transaction): Promise<InvoiceRow | undefined> {
  const { rows } = await tx.client.query(
    `SELECT invoice_id, service, user_id, wallet_id, currency, version, status, payments, cashback_version, reconciled_epoch,
       (SELECT max(epoch) FROM transactions.feed_epochs) AS epoch, created_at, updated_at
     FROM transactions.invoices WHERE invoice_id = 'rule'`,
  );
  const [row] = rows;
  return row && { ...row, created_at: at(row.created_at), updated_at: at(row.updated_at) };
}

describe('the statement does what its rule says:', () => {
  test('insertOperations and insertSteps', () =>
    fc.assert(
      fc.asyncProperty(status, async (of) => {
        await rolledBack(async (tx, now) => {
          const operation = { ...identity(1), status: of };
          const step = plannedStep('rule-1', 1);
          await insertOperations(tx, [operation]);
          await insertSteps(tx, [step]);
          const [row] = await readOperations(tx);
          expectRow(row, insertedOperation(operation, now));
          expect(await readSteps(tx)).toEqual([insertedStep(step)]);
        });
      }),
      RUNS,
    ));

  test('updateOperations', () =>
    fc.assert(
      fc.asyncProperty(operations, anyOperation, async (drawn, changes) => {
        await rolledBack(async (tx, now) => {
          const before = await storeOperations(tx, drawn);
          const updateOf = ({ operation_id }: OperationRow) => ({
            operation_id,
            status: changes.status,
            reason: changes.reason,
            attempts: changes.attempts,
            next_attempt_in_ms: Math.abs(changes.next_in_ms) + 0.4,
          });
          const open = before.filter((row) => !isFinished(row.status));
          await updateOperations(tx, open.map(updateOf));
          const after = new Map((await readOperations(tx)).map((row) => [row.operation_id, row]));
          for (const row of open) {
            expectRow(after.get(row.operation_id), updatedOperation(row, updateOf(row), now));
          }
          const ended = before.find((row) => isFinished(row.status));
          if (ended === undefined) return;
          expect(() => updatedOperation(ended, updateOf(ended), now)).toThrow('has ended');
          await expect(updateOperations(tx, [updateOf(ended)])).rejects.toThrow('updated 0');
        });
      }),
      RUNS,
    ));

  test('updateSteps', () =>
    fc.assert(
      fc.asyncProperty(operations, stepStatus, reason, async (drawn, to, why) => {
        await rolledBack(async (tx) => {
          await storeOperations(tx, drawn);
          const before = await readSteps(tx);
          const updateOf = ({ operation_id, step_number, status: from }: StepRow) => ({
            operation_id,
            step_number,
            from,
            to,
            reason: why,
            taken: to === 'applied' ? '0.0000' : null,
          });
          await updateSteps(tx, before.map(updateOf));
          expect(await readSteps(tx)).toEqual(before.map((row) => updatedStep(row, updateOf(row))));
          const [step] = before;
          if (step === undefined || step.status === to) return;
          const stale = updateOf(step);
          expect(() => updatedStep({ ...step, status: to }, stale)).toThrow(`expected ${step.status}`);
          await expect(updateSteps(tx, [stale])).rejects.toThrow('another executor');
        });
      }),
      RUNS,
    ));

  test('claimOverdue', () =>
    fc.assert(
      fc.asyncProperty(operations, async (drawn) => {
        await rolledBack(async (tx, now) => {
          const before = await storeOperations(tx, drawn);
          const claimed = await claimOverdue(tx, OVERDUE_MS, 1_000);
          const expected = before.flatMap((row) => claimedOperation(row, OVERDUE_MS, now) ?? []);
          expect(claimed.map(({ operation_id }) => operation_id).toSorted()).toEqual(
            expected.map(({ operation_id }) => operation_id).toSorted(),
          );
          const after = await readOperations(tx);
          for (const [index, row] of before.entries()) {
            expectRow(after[index], claimedOperation(row, OVERDUE_MS, now) ?? row);
          }
        });
      }),
      RUNS,
    ));

  test('loadUnfinished', () =>
    fc.assert(
      fc.asyncProperty(operations, async (drawn) => {
        await rolledBack(async (tx) => {
          const rows = await storeOperations(tx, drawn);
          const steps = await readSteps(tx);
          const ids = rows.map(({ operation_id }) => operation_id);
          const loaded = await loadUnfinished(tx, ids);
          for (const row of rows) {
            const own = steps.filter(({ operation_id }) => operation_id === row.operation_id).toReversed();
            expect(loaded.get(row.operation_id) ?? null).toEqual(unfinishedOperation(row, own));
          }
        });
      }),
      RUNS,
    ));

  const anyBasket = fc.record({
    source: fc.constantFrom('user' as const, 'service' as const),
    amount: fc.bigInt(1n, 1_000_000n),
    share: fc.constantFrom(0n, 3n, 4n),
    version: fc.integer({ min: 1, max: 3 }),
  });
  const baskets = fc.array(anyBasket, { minLength: 1, maxLength: 8 });
  type DrawnBasket = typeof anyBasket extends fc.Arbitrary<infer Value> ? Value : never;
  const basketOf = ({ source, amount, version }: DrawnBasket, index: number) => ({
    invoice_id: 'rule',
    basket_id: `basket-${index}`,
    source,
    amount: formatAmount(amount),
    version,
    step_number: 9 - index,
  });

  test('insertBaskets, refundBaskets and loadBaskets', () =>
    fc.assert(
      fc.asyncProperty(baskets, async (drawn) => {
        await rolledBack(async (tx) => {
          const inserted = drawn.map(basketOf);
          await insertBaskets(tx, inserted);
          const before = await readBaskets(tx);
          expect(before).toEqual(inserted.map(insertedBasket));
          const refundOf = ({ invoice_id, basket_id, amount }: BasketRow, index: number) => {
            const taken = (amount * (drawn[index]?.share ?? 0n)) / 4n;
            return { invoice_id, basket_id, amount: formatAmount(taken) };
          };
          await refundBaskets(tx, before.map(refundOf));
          const after = before.map((row, index) => refundedBasket(row, refundOf(row, index)));
          expect(await readBaskets(tx)).toEqual(after);
          expect((await loadBaskets(tx, ['rule'])).get('rule')).toEqual(openBaskets(after));

          const beyond = { invoice_id: 'rule', basket_id: 'basket-0', amount: '1000.0000' };
          expect(() => refundedBasket(after[0] as BasketRow, beyond)).toThrow('beyond its amount');
          await expect(refundBaskets(tx, [beyond])).rejects.toThrow('baskets_refunded');
        });
      }),
      RUNS,
    ));

  test('insertInvoice, updateInvoice and advanceCashbackVersions', () =>
    rolledBack(async (tx, now) => {
      await insertInvoice(tx, INVOICE);
      const inserted = insertedInvoice(INVOICE, now);
      expectRow(await readInvoiceRow(tx), inserted);

      const stated = { invoice_id: 'rule', version: 2, status: 'cancelled' as const, payments: [] };
      await updateInvoice(tx, stated);
      const updated = updatedInvoice(inserted, stated, now);
      expectRow(await readInvoiceRow(tx), updated);
      expect(() => updatedInvoice(updated, stated, now)).toThrow('is at version 2');
      await expect(updateInvoice(tx, stated)).rejects.toThrow('is not at version 1');

      const advance = { invoice_id: 'rule', cashback_version: 4, operation_id: null };
      await advanceCashbackVersions(tx, [advance]);
      const advanced = withCashbackVersion(updated, advance, now);
      expectRow(await readInvoiceRow(tx), advanced);
      expect(() => withCashbackVersion(advanced, advance, now)).toThrow('does not grow');
      await expect(advanceCashbackVersions(tx, [advance])).rejects.toThrow('advanced 0');
    }));

  test('readInvoice', () =>
    fc.assert(
      fc.asyncProperty(baskets, fc.integer({ min: 0, max: 25 }), async (drawn, count) => {
        await rolledBack(async (tx) => {
          await insertInvoice(tx, INVOICE);
          await insertBaskets(tx, drawn.map(basketOf));
          for (let number = count; number > 0; number -= 1) {
            const version = (number * 7) % 29;
            const of = number === 4 ? 'init' : number % 2 === 0 ? 'success' : 'failed';
            const operation = { ...identity(number), invoice_id: 'rule', version, status: of } as const;
            await insertOperations(tx, [operation]);
          }
          const row = await readInvoiceRow(tx);
          if (row === undefined) throw new Error('no invoice');
          const { reconciled_epoch: _reconciled, epoch: _epoch, ...fields } = row;
          const shown = shownInvoice({
            ...fields,
            created_at: new Date(row.created_at),
            updated_at: new Date(row.updated_at),
            rewarded: heldBySource(await readBaskets(tx)),
            short: [],
            elsewhere: [],
            operations: newestOperations(await readOperations(tx), SHOWN_OPERATIONS),
          });
          // The epoch is that of the side, not of the row.
          expect(await readInvoice(tx.client, 'rule')).toMatchObject(shown);
        });
      }),
      RUNS,
    ));
});
