import { parseAmount } from '@cashback/contract';
import type { Transaction } from '@cashback/postgres';
import type { CashbackStatus } from '@cashback/wire';
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { insertOperations } from '../src/db/queries/operations/insert-operations.ts';
import { insertSteps } from '../src/db/queries/operations/insert-steps.ts';
import type { BasketRow } from '../src/db/rules/baskets.ts';
import type { InvoiceRow } from '../src/db/rules/invoices.ts';
import type { OperationRow, StepRow } from '../src/db/rules/operations.ts';
import type { StepStatus } from '../src/db/tables.ts';

export const INVOICE = {
  invoice_id: 'rule',
  service: 'yellow',
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  version: 1,
  status: 'cleared' as const,
  payments: [{ payment_type: 'card', items: [{ item_id: 'fare', amount: '100.0000' }] }],
};
/** Off a grid of moments, so that no row is due in the very millisecond of the statement. */
const offset = fc.constantFrom(-90_000, -10_500, -9_500, 500, 60_000);
export const status = fc.constantFrom<CashbackStatus>('init', 'in-progress', 'success', 'failed');
export const stepStatus = fc.constantFrom<StepStatus>(
  'planned',
  'sent',
  'pending',
  'applied',
  'refused',
  'skipped',
);
export const reason = fc.constantFrom(null, 'a reason');
export const anyOperation = fc.record({
  status,
  reason,
  attempts: fc.nat(5),
  next_in_ms: offset,
  steps: fc.array(fc.record({ status: stepStatus, reason }), { minLength: 1, maxLength: 4 }),
});
export const operations = fc.array(anyOperation, { minLength: 5, maxLength: 15 });
type Drawn = typeof operations extends fc.Arbitrary<infer Value> ? Value : never;

/** The database rounds to milliseconds what it adds to its microseconds. */
export function expectRow<Row extends object>(found: Row | undefined, expected: Row): void {
  expect(Object.keys(found ?? {}).toSorted()).toEqual(Object.keys(expected).toSorted());
  for (const [column, value] of Object.entries(expected)) {
    const stored: unknown = found?.[column as keyof Row];
    if (!column.endsWith('_at') || typeof value !== 'number') expect(stored, column).toEqual(value);
    else expect(Math.abs(Number(stored) - value), column).toBeLessThanOrEqual(1);
  }
}

export const identity = (number: number) => ({
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
export async function storeOperations(tx: Transaction, drawn: Drawn): Promise<OperationRow[]> {
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

export const plannedStep = (operation_id: string, step_number: number) => ({
  operation_id,
  step_number,
  kind: 'topup' as const,
  source: 'user' as const,
  amount: '5.0000',
  step_id: `${operation_id}.${step_number}`,
  basket_id: `${operation_id}.${step_number}`,
});

const at = (moment: Date | null): number | null => moment && moment.getTime();

export async function readOperations(tx: Transaction): Promise<OperationRow[]> {
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

export async function readSteps(tx: Transaction): Promise<StepRow[]> {
  const { rows } = await tx.client.query<StepRow>(
    `SELECT operation_id, step_number, kind, source, amount, step_id, basket_id, status, reason, taken, attempt
     FROM transactions.operation_steps WHERE operation_id LIKE 'rule%' ORDER BY step_id`,
  );
  return rows;
}

export async function readBaskets(tx: Transaction): Promise<BasketRow[]> {
  const { rows } = await tx.client.query<Record<'amount' | 'refunded', string> & BasketRow>(
    `SELECT invoice_id, basket_id, source, amount, refunded, version, step_number, payee_version
     FROM transactions.baskets WHERE invoice_id = 'rule' ORDER BY basket_id`,
  );
  return rows.map((row) => ({
    ...row,
    amount: parseAmount(row.amount as unknown as string),
    refunded: parseAmount(row.refunded as unknown as string),
  }));
}

export async function readInvoiceRow(tx: Transaction): Promise<InvoiceRow | undefined> {
  const { rows } = await tx.client.query(
    `SELECT invoice_id, service, user_id, wallet_id, currency, version, status, payments, cashback_version, reconciled_epoch, payee_version,
       (SELECT max(epoch) FROM transactions.feed_epochs) AS epoch, created_at, updated_at
     FROM transactions.invoices WHERE invoice_id = 'rule'`,
  );
  const [row] = rows;
  return row && { ...row, created_at: at(row.created_at), updated_at: at(row.updated_at) };
}
