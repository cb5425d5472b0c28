import { formatAmount } from '@cashback/contract';
import {
  CHANGES_START,
  type Database,
  type Transaction,
  openDatabase,
  withTransaction,
} from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import type { InvoiceChange } from '@cashback/wire';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFinished } from '../src/cashback/operation.ts';
import { loadHorizon } from '../src/db/queries/feeds/feed-epochs.ts';
import { listInvoiceChanges } from '../src/db/queries/feeds/list-invoice-changes.ts';
import { advanceCashbackVersions } from '../src/db/queries/invoices/advance-cashback-versions.ts';
import { insertInvoiceHistory } from '../src/db/queries/invoices/insert-invoice-history.ts';
import { insertInvoice } from '../src/db/queries/invoices/insert-invoice.ts';
import { readInvoice } from '../src/db/queries/invoices/read-invoice.ts';
import { readFirstVersion } from '../src/db/queries/invoices/read-first-version.ts';
import { updateInvoice } from '../src/db/queries/invoices/update-invoice.ts';
import { updatePayee } from '../src/db/queries/invoices/update-payee.ts';
import { insertBaskets, refundBaskets } from '../src/db/queries/operations/baskets.ts';
import { claimOverdue } from '../src/db/queries/operations/claim-overdue.ts';
import { insertOperations } from '../src/db/queries/operations/insert-operations.ts';
import { insertSteps } from '../src/db/queries/operations/insert-steps.ts';
import { loadBaskets } from '../src/db/queries/operations/load-baskets.ts';
import { loadUnfinished } from '../src/db/queries/operations/load-unfinished.ts';
import { updateOperations } from '../src/db/queries/operations/update-operations.ts';
import { updateSteps } from '../src/db/queries/operations/update-steps.ts';
import { type BasketRow, insertedBasket, openBaskets, refundedBasket } from '../src/db/rules/baskets.ts';
import { changesAfter } from '../src/db/rules/feeds.ts';
import {
  type InvoiceRow,
  firstVersionOf,
  insertedInvoice,
  updatedInvoice,
  withCashbackVersion,
  withPayee,
} from '../src/db/rules/invoices.ts';
import {
  type OperationRow,
  type StepRow,
  claimedOperation,
  insertedOperation,
  insertedStep,
  unfinishedOperation,
  updatedOperation,
  updatedStep,
} from '../src/db/rules/operations.ts';
import { readRow } from '../src/db/rules/read-row.ts';
import type { PlacedChange } from '../src/feeds/feed-page.ts';
import { SHOWN_OPERATIONS, shownInvoice } from '../src/invoices/shown-invoice.ts';
import { writesOfCreation, writesOfPayee } from '../src/invoices/version-writes.ts';

import {
  INVOICE,
  anyOperation,
  expectRow,
  identity,
  operations,
  plannedStep,
  readBaskets,
  readInvoiceRow,
  readOperations,
  readSteps,
  reason,
  status,
  stepStatus,
  storeOperations,
} from './rule-rows.ts';

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

const RUNS = { numRuns: 10 };
const OVERDUE_MS = 10_000;

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
    elsewhere: fc.constantFrom(false, true),
  });
  const payees = fc.array(fc.constantFrom('1', '2'), { maxLength: 2 });
  const storePayees = async (tx: Transaction, drawn: readonly string[]): Promise<InvoiceRow> => {
    await insertInvoice(tx, INVOICE);
    for (const payee of drawn) {
      await updatePayee(tx, 'rule', { user_id: `user-${payee}`, wallet_id: `wallet-${payee}` });
    }
    const row = await readInvoiceRow(tx);
    if (row === undefined) throw new Error('no invoice');
    return row;
  };
  const baskets = fc.array(anyBasket, { minLength: 1, maxLength: 8 });
  type DrawnBasket = typeof anyBasket extends fc.Arbitrary<infer Value> ? Value : never;
  const basketOf = ({ source, amount, version, elsewhere }: DrawnBasket, index: number) => ({
    invoice_id: 'rule',
    basket_id: `basket-${index}`,
    source,
    amount: formatAmount(amount),
    version,
    step_number: 9 - index,
    ...(elsewhere && { elsewhere: true as const }),
  });

  test('insertBaskets, refundBaskets and loadBaskets', () =>
    fc.assert(
      fc.asyncProperty(baskets, payees, async (drawn, drawnPayees) => {
        await rolledBack(async (tx) => {
          const invoice = await storePayees(tx, drawnPayees);
          const inserted = drawn.map(basketOf);
          await insertBaskets(tx, inserted);
          const before = await readBaskets(tx);
          expect(before).toEqual(inserted.map((basket) => insertedBasket(basket, invoice)));
          const refundOf = ({ invoice_id, basket_id, amount }: BasketRow, index: number) => {
            const taken = (amount * (drawn[index]?.share ?? 0n)) / 4n;
            return { invoice_id, basket_id, amount: formatAmount(taken) };
          };
          await refundBaskets(tx, before.map(refundOf));
          const after = before.map((row, index) => refundedBasket(row, refundOf(row, index)));
          expect(await readBaskets(tx)).toEqual(after);
          expect((await loadBaskets(tx, ['rule'])).get('rule')).toEqual(openBaskets(after, invoice));

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

  test('updatePayee and readFirstVersion', () =>
    rolledBack(async (tx, now) => {
      const created = writesOfCreation(INVOICE, 'shop');
      await insertInvoice(tx, created.invoice);
      await insertInvoiceHistory(tx, created.history);
      let row = insertedInvoice(created.invoice, now);
      const history = [created.history];
      for (const to of [
        { user_id: 'user-2', wallet_id: 'wallet-2' },
        { user_id: 'user-3', wallet_id: 'wallet-3' },
      ]) {
        expect(await readFirstVersion(tx.client, 'rule')).toEqual(firstVersionOf(row, history));
        const input = { invoice_id: 'rule', version: row.version, reason: 'merged', ...to };
        const writes = writesOfPayee(row, input, 'support');
        await updateInvoice(tx, writes.invoice);
        await updatePayee(tx, 'rule', writes.payee);
        await insertInvoiceHistory(tx, writes.history);
        row = withPayee(updatedInvoice(row, writes.invoice, now), writes.payee);
        history.push(writes.history);
        expectRow(await readInvoiceRow(tx), row);
      }
      const first = await readFirstVersion(tx.client, 'rule');
      expect(first).toEqual(firstVersionOf(row, history));
      expect(first.wallet_id).toBe('wallet-1');
    }));

  test('readInvoice', () =>
    fc.assert(
      fc.asyncProperty(
        baskets,
        payees,
        fc.integer({ min: 0, max: 25 }),
        async (drawn, drawnPayees, count) => {
          await rolledBack(async (tx) => {
            const row = await storePayees(tx, drawnPayees);
            await insertBaskets(tx, drawn.map(basketOf));
            for (let number = count; number > 0; number -= 1) {
              const version = (number * 7) % 29;
              const of = number === 4 ? 'init' : number % 2 === 0 ? 'success' : 'failed';
              const wallet_policy = count % 2 === 0 ? 'take_what_is_there' : 'fail';
              const operation = {
                ...identity(number),
                invoice_id: 'rule',
                version,
                status: of,
                wallet_policy,
              } as const;
              await insertOperations(tx, [operation]);
              await insertSteps(tx, [
                plannedStep(operation.operation_id, 1),
                plannedStep(operation.operation_id, 2),
              ]);
            }
            const takenOf = `UPDATE transactions.operation_steps SET taken = CASE step_number WHEN 1 THEN amount ELSE $1::numeric END`;
            await tx.client.query(takenOf, [count % 3 === 0 ? null : formatAmount(BigInt(count))]);
            const rows = {
              baskets: await readBaskets(tx),
              operations: await readOperations(tx),
              steps: await readSteps(tx),
            };
            const shown = shownInvoice(readRow(row, rows, SHOWN_OPERATIONS));
            expect(await readInvoice(tx.client, 'rule')).toEqual(shown);
          });
        },
      ),
      RUNS,
    ));

  test('listInvoiceChanges', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ epoch: fc.integer({ min: 1, max: 2 }), xact: fc.integer({ min: 1, max: 4 }) }), {
          minLength: 3,
          maxLength: 8,
        }),
        fc.integer({ min: 1, max: 4 }),
        async (drawn, limit) => {
          await rolledBack(async (tx) => {
            await tx.client.query('INSERT INTO transactions.feed_epochs (epoch) VALUES (2)');
            const changes: PlacedChange<InvoiceChange>[] = [];
            for (const [index, { epoch, xact }] of drawn.entries()) {
              const invoice_id = `rule-${index}`;
              // The last one is of a transaction that has not ended.
              const xact_id = index === drawn.length - 1 ? '9000000000000' : String(xact * 100);
              const place = { epoch, xact_id, change_id: String(90 - index) };
              await insertInvoice(tx, { ...INVOICE, invoice_id });
              await tx.client.query(
                'UPDATE transactions.invoices SET epoch = $2, xact_id = $3, change_id = $4 WHERE invoice_id = $1',
                [invoice_id, epoch, xact_id, place.change_id],
              );
              changes.push({ change: { invoice_id, version: 1, service: INVOICE.service }, place });
            }
            const horizon = await loadHorizon(tx.client);
            for (const after of [CHANGES_START, ...changes.map(({ place }) => place)]) {
              const page = await listInvoiceChanges(tx.client, after, limit);
              expect(page).toEqual(changesAfter(changes, after, { limit, horizon }));
            }
          });
        },
      ),
      RUNS,
    ));
});
