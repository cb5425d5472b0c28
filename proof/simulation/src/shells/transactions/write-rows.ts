import type { BasketState } from '@cashback/core';
import type {
  AcceptanceWrites,
  AdvanceWrites,
  CreationWrites,
  ChangePosition,
  PayeeWrites,
  TrustCall,
  UnfinishedOperation,
  VersionWrites,
} from '@cashback/transactions/decisions';
import type { InvoiceChange, UpdateCashbackInput } from '@cashback/wire';
import { insertRow, rowOf } from '../../rows.ts';
import { newestEpoch } from '../../tables.ts';
import type { World } from '../../world.ts';
import { deliver } from '../deliver.ts';
import { receiveOperationCallback } from '../operation-callback.ts';
import { noteChange } from '../processing/process-change.ts';

/** Applies the rows that the decisions of transactions hand to SQL, each by the rule of its statement. */
export function writeVersion(world: World, writes: VersionWrites | CreationWrites): void {
  const { invoice, history, callback } = writes;
  const { engine, decisions } = world;
  const { invoices, invoice_history } = world.tables;
  const { insertedInvoice, updatedInvoice } = decisions.transactions;
  if ('wallet_id' in invoice) {
    const epoch = newestEpoch(world.tables.invoice_epochs);
    insertRow(invoices, invoice.invoice_id, insertedInvoice(invoice, engine.now(), epoch));
  } else {
    replace(invoices, invoice.invoice_id, (row) => updatedInvoice(row, invoice, engine.now()));
  }
  world.tables.invoice_places.set(invoice.invoice_id, nextPlace(world));
  insertRow(invoice_history, `${history.invoice_id}@${history.version}`, history);
  notifyProcessing(world, callback);
  if (engine.happens('wrong_callback')) notifyProcessing(world, { ...callback, version: LAST_VERSION });
}

export function writePayee(world: World, { payee, cashback_version, ...writes }: PayeeWrites): void {
  const { invoices } = world.tables;
  const { invoice_id } = writes.invoice;
  writeVersion(world, writes);
  replace(invoices, invoice_id, (row) => world.decisions.transactions.withPayee(row, payee));
  writeCashbackVersion(world, { invoice_id, cashback_version }, null);
}

function notifyProcessing(world: World, callback: InvoiceChange): void {
  const { invoice_id, version } = callback;
  deliver(world, {
    from: 'transactions',
    to: 'processing',
    what: `version ${version} of ${invoice_id}`,
    handle: () => noteChange(world, world.decisions.processing.callbackHint(callback)),
    retries_forever: false,
  });
}

const LAST_VERSION = 2_147_483_647;

export function writeAcceptance(world: World, writes: AcceptanceWrites): void {
  const { engine, tables, archive, decisions } = world;
  const { operation, steps, invoice, callback, adopted_epoch } = writes;
  const { adoptedInvoice, insertedOperation, insertedStep } = decisions.transactions;
  insertRow(tables.cashback_operations, operation.operation_id, insertedOperation(operation, engine.now()));
  for (const step of steps) {
    insertRow(tables.operation_steps, keyOf(step), insertedStep(step));
    archive.steps.set(step.step_id, insertedStep(step));
  }
  writeCashbackVersion(world, invoice, operation.operation_id);
  if (adopted_epoch !== null) {
    replace(tables.invoices, invoice.invoice_id, (row) => adoptedInvoice(row, adopted_epoch));
  }
  if (callback !== null) notifyWorker(world, callback);
}

export function writeAdvance(world: World, writes: AdvanceWrites): void {
  const { engine, tables, advances, decisions } = world;
  const { insertedBasket, isFinished, pollJob, refundedBasket, updatedOperation, updatedStep } =
    decisions.transactions;
  for (const update of writes.steps) {
    replace(tables.operation_steps, keyOf(update), (row) => updatedStep(row, update));
  }
  for (const basket of writes.baskets) {
    const invoice = rowOf(tables.invoices, basket.invoice_id);
    insertRow(tables.baskets, basket.basket_id, insertedBasket(basket, invoice));
  }
  for (const refund of writes.refunds) {
    replace(tables.baskets, refund.basket_id, (row) => refundedBasket(row, refund));
  }
  const { operation, poll } = writes;
  if (operation !== null) {
    const { operation_id, status } = operation;
    replace(tables.cashback_operations, operation_id, (row) =>
      updatedOperation(row, operation, engine.now()),
    );
    if (isFinished(status)) engine.note(`transactions: ${operation_id} ends: ${status}`);
  }
  if (poll !== null) {
    const { key, payload, start_after_seconds = 0 } = pollJob(poll, poll.in_ms);
    advances.enqueue(key, payload.operation_id, start_after_seconds * 1_000);
  }
  if (writes.invoice !== null) writeCashbackVersion(world, writes.invoice, operation?.operation_id ?? null);
  if (writes.callback !== null) notifyWorker(world, writes.callback);
}

/** Enqueues the operations again whose next attempt is overdue. */
export function sweepOperations({ engine, tables, advances, decisions }: World, overdueMs: number): void {
  const { claimedOperation, sweepJob } = decisions.transactions;
  for (const row of tables.cashback_operations.values()) {
    const claimed = claimedOperation(row, overdueMs, engine.now());
    if (claimed === null) continue;
    tables.cashback_operations.set(row.operation_id, claimed);
    const { key, payload } = sweepJob(claimed);
    advances.enqueue(key, payload.operation_id);
  }
}

/** The input of an acceptance: the operation with the request's id, and the newest of its invoice. */
export function loadOperations(
  { tables, decisions }: World,
  request: UpdateCashbackInput,
): ReturnType<World['decisions']['transactions']['requestedOperations']> {
  const { newestOperations, requestedOperations } = decisions.transactions;
  const { invoice_id, operation_id } = request;
  const rows = [...tables.cashback_operations.values()];
  const known = rows.filter((row) => row.operation_id === operation_id);
  const ofInvoice = rows.filter((row) => row.invoice_id === invoice_id);
  return requestedOperations([request], [...known, ...newestOperations(ofInvoice, 1)]);
}

/** The last thing before a request leaves; null: its step is no longer to be sent. */
export function claimStep({ tables, decisions }: World, { operation, step }: TrustCall): number | null {
  const key = keyOf({ ...operation, ...step });
  const claimed = decisions.transactions.claimedStep(rowOf(tables.operation_steps, key));
  if (claimed === null) return null;
  tables.operation_steps.set(key, claimed);
  return claimed.attempt;
}

/** Null when the operation has ended. */
export function loadUnfinished(
  { tables, decisions }: World,
  operationId: string,
): UnfinishedOperation | null {
  const operation = tables.cashback_operations.get(operationId);
  if (operation === undefined) return null;
  const steps = [...tables.operation_steps.values()].filter(
    ({ operation_id }) => operation_id === operationId,
  );
  return decisions.transactions.unfinishedOperation(operation, steps);
}

export function loadBaskets({ tables, decisions }: World, invoiceId: string): BasketState[] {
  const invoice = tables.invoices.get(invoiceId);
  if (invoice === undefined) return [];
  const rows = [...tables.baskets.values()].filter(({ invoice_id }) => invoice_id === invoiceId);
  return decisions.transactions.openBaskets(rows, invoice);
}

/** `advanceCashbackVersions`: no version is without its place in the feed. */
export function writeCashbackVersion(
  world: World,
  invoice: AcceptanceWrites['invoice'],
  operation_id: string | null,
): void {
  const { engine, tables, decisions } = world;
  const { invoice_id, cashback_version } = invoice;
  replace(tables.invoices, invoice_id, (row) =>
    decisions.transactions.withCashbackVersion(row, invoice, engine.now()),
  );
  const place = nextPlace(world);
  const change = { invoice_id, invoice_epoch: place.epoch, cashback_version };
  tables.cashback_changes.push({
    change: operation_id === null ? change : { ...change, operation_id },
    place,
  });
}

/** A transaction's place in the feeds. */
function nextPlace(world: World): ChangePosition {
  world.xacts += 1;
  const id = String(world.xacts);
  return { epoch: newestEpoch(world.tables.invoice_epochs), xact_id: id, change_id: id };
}

function replace<Row>(table: Map<string, Row>, id: string, update: (row: Row) => Row): void {
  table.set(id, update(rowOf(table, id)));
}

function notifyWorker(
  world: World,
  { invoice_id, operation_id }: NonNullable<AdvanceWrites['callback']>,
): void {
  deliver(world, {
    from: 'transactions',
    to: 'worker',
    what: `${operation_id} ended`,
    handle: () => receiveOperationCallback(world, invoice_id, operation_id),
    retries_forever: false,
  });
}

function keyOf({ operation_id, step_number }: { operation_id: string; step_number: number }): string {
  return `${operation_id} ${step_number}`;
}
