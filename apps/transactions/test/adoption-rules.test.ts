import { type Database, type Transaction, openDatabase, withTransaction } from '@cashback/postgres';
import { createTestDatabase } from '@cashback/testing';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { insertAdoptedSteps } from '../src/db/queries/adoption/insert-adopted-steps.ts';
import { listUnadopted } from '../src/db/queries/adoption/list-unadopted.ts';
import { loadKnownHistory } from '../src/db/queries/adoption/load-known-history.ts';
import { startEpoch } from '../src/db/queries/feeds/feed-epochs.ts';
import { insertInvoice } from '../src/db/queries/invoices/insert-invoice.ts';
import { lockInvoices } from '../src/db/queries/invoices/lock-invoices.ts';
import { insertBaskets } from '../src/db/queries/operations/baskets.ts';
import { insertOperations } from '../src/db/queries/operations/insert-operations.ts';
import { insertSteps } from '../src/db/queries/operations/insert-steps.ts';
import { knownHistory, unadoptedAfter } from '../src/db/rules/adoption.ts';
import { insertedBasket } from '../src/db/rules/baskets.ts';
import { insertedStep } from '../src/db/rules/operations.ts';
import type { StepStatus } from '../src/db/tables.ts';

let database: Database;
let tearDown: () => Promise<void>;

beforeAll(async () => {
  const testDatabase = await createTestDatabase();
  database = openDatabase({ url: testDatabase.url, application_name: 'adoption-rules-test' });
  tearDown = async () => {
    await database.close();
    await testDatabase.drop();
  };
});
afterAll(() => tearDown());

const PAYEE = { service: 'yellow', user_id: 'user-1', wallet_id: 'wallet-1', currency: 'EUR' };
const RUNS = { numRuns: 10 };

async function rolledBack(work: (tx: Transaction) => Promise<void>): Promise<void> {
  const rollback = new Error('rolled back');
  await withTransaction(database, async (tx) => {
    await work(tx);
    throw rollback;
  }).catch((error: unknown) => {
    if (error !== rollback) throw error;
  });
}

async function insertInvoices(tx: Transaction, ids: readonly string[]) {
  for (const invoice_id of ids) {
    await insertInvoice(tx, { ...PAYEE, invoice_id, status: 'cleared', payments: [] });
  }
  return lockInvoices(tx, ids);
}

describe('the statement does what its rule says:', () => {
  const history = fc.record({
    baskets: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })), {
      maxLength: 6,
      selector: (place) => place.join(),
    }),
    steps: fc.array(
      fc.constantFrom<StepStatus>('planned', 'sent', 'pending', 'applied', 'refused', 'skipped'),
      { maxLength: 6 },
    ),
    adopted: fc.nat(2),
  });

  test('loadKnownHistory', () =>
    fc.assert(
      fc.asyncProperty(history, async ({ baskets, steps, adopted }) => {
        await rolledBack(async (tx) => {
          const invoices = await insertInvoices(tx, ['rule', 'other']);
          const inserted = baskets.map(([version, step_number], index) => ({
            invoice_id: 'rule',
            basket_id: `basket-${index}`,
            source: 'user' as const,
            amount: '5.0000',
            version,
            step_number,
          }));
          await insertBaskets(tx, [
            ...inserted,
            {
              invoice_id: 'other',
              basket_id: 'other',
              source: 'user',
              amount: '5.0000',
              version: 1,
              step_number: 1,
            },
          ]);
          const planned = steps.map((_, index) => ({
            operation_id: 'operation',
            step_number: index + 1,
            kind: 'topup' as const,
            source: 'user' as const,
            amount: '5.0000',
            step_id: `step-${index}`,
            basket_id: `step-${index}`,
          }));
          const identity = { operation_id: 'operation', invoice_id: 'rule', version: 2 };
          await insertOperations(tx, [
            { ...identity, ...PAYEE, reward: [], wallet_policy: 'fail', status: 'success' },
          ]);
          await insertSteps(tx, planned);
          for (const [index, status] of steps.entries()) {
            await tx.client.query('UPDATE transactions.operation_steps SET status = $2 WHERE step_id = $1', [
              `step-${index}`,
              status,
            ]);
          }
          const taken = Array.from({ length: adopted }, (_, index) => ({
            step_id: `adopted-${index}`,
            invoice_id: 'rule',
            kind: 'topup' as const,
            basket_id: `adopted-${index}`,
            amount: '5.0000',
            taken: null,
          }));
          await insertAdoptedSteps(tx, taken, 1);
          const invoice = invoices.find(({ invoice_id }) => invoice_id === 'rule');
          if (invoice === undefined) throw new Error('no invoice');
          const rule = knownHistory(invoice, {
            baskets: inserted.map((one) => insertedBasket(one, { payee_version: 1 })),
            steps: planned.map((step, index) => ({
              ...insertedStep(step),
              status: steps[index] ?? 'planned',
            })),
            adopted: taken,
          });
          expect(await loadKnownHistory(tx, invoice)).toEqual(rule);
        });
      }),
      RUNS,
    ));

  test('listUnadopted', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.constantFrom('a', 'B', 'a1', 'Z', 'ab', '9'), { maxLength: 6 }),
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        fc.record({
          reconciled_epoch: fc.integer({ min: 0, max: 2 }),
          invoice_id: fc.constantFrom('', 'a', 'B'),
        }),
        fc.integer({ min: 1, max: 4 }),
        async (ids, reconciled, after, limit) => {
          await rolledBack(async (tx) => {
            await insertInvoices(tx, ids);
            const epoch = await startEpoch(tx);
            const done = ids.filter((_, index) => reconciled[index]);
            await tx.client.query(
              'UPDATE transactions.invoices SET reconciled_epoch = $2 WHERE invoice_id = ANY($1)',
              [done, epoch],
            );
            const invoices = await lockInvoices(tx, ids);
            expect(await listUnadopted(tx.client, after, limit)).toEqual(
              unadoptedAfter(invoices, after, limit),
            );
          });
        },
      ),
      RUNS,
    ));
});
