import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import type { InvoiceChange } from '@cashback/wire';
import { insertChanges } from '../db/queries/changes/insert-changes.ts';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { immediateJob, processingQueue } from '../queue.ts';
import { isUnfinished } from './change.ts';
import { firstChange, newestChanges, noteChange, resumeChange } from './note-change.ts';

/** The inbox of changed invoices and its queue. Both change in one transaction or not at all. */
export interface Inbox {
  database: Database;
  jobs: Jobs;
}

/** Notes the changes and enqueues the orders for which one of them is news, together with `alongside`. */
export async function receiveChanges(
  { database, jobs }: Inbox,
  changes: readonly InvoiceChange[],
  alongside: (transaction: Transaction) => Promise<void> = async () => {},
): Promise<void> {
  await withTransaction(database, async (transaction) => {
    await enqueueNow(jobs, await noteChanges(transaction, changes), transaction);
    await alongside(transaction);
  });
}

/**
 * Remembers the newest version of each order's invoice. A version that is not newer changes nothing. Returns the
 * orders that have something to process now.
 */
export async function noteChanges(tx: Transaction, changes: readonly InvoiceChange[]): Promise<string[]> {
  const newest = newestChanges(changes);
  const first = newest.map(firstChange);
  const inserted = await insertChanges(tx, first);
  const announced = new Map(newest.map((change) => [change.invoice_id, change]));
  const stored = await lockChanges(
    tx.client,
    [...announced.keys()].filter((id) => !inserted.has(id)),
  );
  const updated = stored.flatMap((row) => {
    const change = announced.get(row.order_id);
    return change === undefined ? [] : (noteChange(row, change) ?? []);
  });
  await updateChanges(tx, updated);
  const noted = [...first.filter(({ order_id }) => inserted.has(order_id)), ...updated];
  return noted.filter(isUnfinished).map(({ order_id }) => order_id);
}

/** Takes orders out of attention and enqueues them; returns those that needed it. */
export function resumeOrders({ database, jobs }: Inbox, orderIds: readonly string[]): Promise<string[]> {
  return withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, orderIds);
    const resumed = stored.flatMap((row) => resumeChange(row) ?? []);
    await updateChanges(transaction, resumed);
    const order_ids = resumed.map(({ order_id }) => order_id);
    await enqueueNow(jobs, order_ids, transaction);
    return order_ids;
  });
}

export async function enqueueNow(
  jobs: Jobs,
  orderIds: readonly string[],
  transaction: Transaction,
): Promise<void> {
  if (orderIds.length > 0) await jobs.enqueue(processingQueue, orderIds.map(immediateJob), transaction);
}
