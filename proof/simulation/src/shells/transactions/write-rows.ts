import { parseAmount } from '@cashback/contract/amount';
import type { BasketState } from '@cashback/core';
import {
  type AcceptanceWrites,
  type AdvanceWrites,
  type CreationWrites,
  type UnfinishedOperation,
  type VersionWrites,
  isFinished,
} from '@cashback/transactions/decisions';
import { insertRow, rowOf, updateRow } from '../../rows.ts';
import type { World } from '../../world.ts';
import { deliver } from '../deliver.ts';
import { receiveOperationCallback } from '../operation-callback.ts';
import { noteChange } from '../processing/process-change.ts';

/** Applies the rows that the decisions of transactions hand to SQL, each by its key. */
export function writeVersion(world: World, writes: VersionWrites | CreationWrites): void {
  const { invoice, history, callback } = writes;
  const { invoices, invoice_history } = world.tables;
  if ('wallet_id' in invoice) {
    insertRow(invoices, invoice.invoice_id, { ...invoice, cashback_version: 0 });
  } else {
    updateRow(invoices, invoice.invoice_id, invoice, { version: invoice.version - 1 });
  }
  insertRow(invoice_history, `${history.invoice_id}@${history.version}`, history);
  const { invoice_id, version } = callback;
  deliver(world, {
    from: 'transactions',
    to: 'processing',
    what: `version ${version} of ${invoice_id}`,
    handle: () => noteChange(world, callback),
    for_ever: false,
  });
}

export function writeAcceptance(world: World, writes: AcceptanceWrites): void {
  const { engine, tables } = world;
  const { operation, steps, invoice, callback } = writes;
  const unattempted = { attempts: 0, next_attempt_at: engine.now(), reason: null };
  insertRow(tables.cashback_operations, operation.operation_id, { ...operation, ...unattempted });
  for (const step of steps) {
    insertRow(tables.operation_steps, keyOf(step), { ...step, status: 'planned', reason: null });
  }
  writeCashbackVersion(world, invoice);
  if (callback !== null) tellWorker(world, callback);
}

export function writeAdvance(world: World, writes: AdvanceWrites): void {
  const { engine, tables, advances } = world;
  for (const { from, to, reason, ...step } of writes.steps) {
    updateRow(tables.operation_steps, keyOf(step), { status: to, reason }, { status: from });
  }
  for (const { amount, ...basket } of writes.baskets) {
    insertRow(tables.baskets, basket.basket_id, { ...basket, amount: parseAmount(amount), refunded: 0n });
  }
  for (const { basket_id, amount } of writes.refunds) {
    const refunded = rowOf(tables.baskets, basket_id).refunded + parseAmount(amount);
    const basket = updateRow(tables.baskets, basket_id, { refunded });
    if (refunded > basket.amount) throw new Error(`basket ${basket_id} is refunded beyond its amount`);
  }
  if (writes.operation !== null) {
    const { operation_id, next_attempt_in_ms, ...update } = writes.operation;
    const next_attempt_at = engine.now() + next_attempt_in_ms;
    updateRow(tables.cashback_operations, operation_id, { ...update, next_attempt_at });
    if (isFinished(update.status)) engine.note(`transactions: ${operation_id} ends: ${update.status}`);
  }
  if (writes.poll !== null) {
    const { operation_id, in_ms } = writes.poll;
    advances.enqueue(`${operation_id}#poll`, operation_id, in_ms);
  }
  if (writes.invoice !== null) writeCashbackVersion(world, writes.invoice);
  if (writes.callback !== null) tellWorker(world, writes.callback);
}

/** Null when the operation has ended. */
export function loadUnfinished({ tables }: World, operationId: string): UnfinishedOperation | null {
  const operation = tables.cashback_operations.get(operationId);
  if (operation === undefined || isFinished(operation.status)) return null;
  const steps = [...tables.operation_steps.values()].filter(
    ({ operation_id }) => operation_id === operationId,
  );
  return { ...operation, steps };
}

export function loadBaskets({ tables }: Pick<World, 'tables'>, invoiceId: string): BasketState[] {
  return [...tables.baskets.values()].filter(({ invoice_id }) => invoice_id === invoiceId);
}

function writeCashbackVersion(
  { tables }: World,
  { invoice_id, ...invoice }: AcceptanceWrites['invoice'],
): void {
  if (rowOf(tables.invoices, invoice_id).cashback_version >= invoice.cashback_version) {
    throw new Error(`the cashback version of ${invoice_id} does not grow`);
  }
  updateRow(tables.invoices, invoice_id, invoice);
}

function tellWorker(
  world: World,
  { invoice_id, operation_id }: NonNullable<AdvanceWrites['callback']>,
): void {
  deliver(world, {
    from: 'transactions',
    to: 'worker',
    what: `${operation_id} ended`,
    handle: () => receiveOperationCallback(world, invoice_id, operation_id),
    for_ever: false,
  });
}

function keyOf({ operation_id, step_number }: { operation_id: string; step_number: number }): string {
  return `${operation_id} ${step_number}`;
}
