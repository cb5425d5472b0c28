import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import type { InvoiceChange } from '@cashback/wire';
import { insertChanges } from '../db/queries/changes/insert-changes.ts';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { processingQueue } from '../queue.ts';
import type { ChangeRow, ChangeWrites } from './change.ts';
import { newestChanges, noteChange, resumeChange } from './note-change.ts';

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
    await enqueueJobs(jobs, await noteChanges(transaction, changes), transaction);
    await alongside(transaction);
  });
}

/**
 * Remembers the newest version of each order's invoice. A version that is not newer changes nothing. Returns what was
 * written.
 */
export async function noteChanges(
  tx: Transaction,
  changes: readonly InvoiceChange[],
): Promise<ChangeWrites[]> {
  const announced = new Map(newestChanges(changes).map((change) => [change.invoice_id, change]));
  const first = [...announced.values()].flatMap((change) => noteChange(null, change) ?? []);
  const inserted = await insertChanges(tx, rowsOf(first));
  const stored = await lockChanges(
    tx.client,
    [...announced.keys()].filter((id) => !inserted.has(id)),
  );
  const updated = stored.flatMap((row) => {
    const change = announced.get(row.order_id);
    return change === undefined ? [] : (noteChange(row, change) ?? []);
  });
  await updateChanges(tx, rowsOf(updated));
  return [...first.filter(({ row }) => inserted.has(row.order_id)), ...updated];
}

/** Takes orders out of attention and enqueues them; returns those that needed it. */
export function resumeOrders({ database, jobs }: Inbox, orderIds: readonly string[]): Promise<string[]> {
  return withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, orderIds);
    const resumed = stored.flatMap((row) => resumeChange(row) ?? []);
    await updateChanges(transaction, rowsOf(resumed));
    await enqueueJobs(jobs, resumed, transaction);
    return rowsOf(resumed).map(({ order_id }) => order_id);
  });
}

/** Enqueues the jobs of what the transaction has written. */
export async function enqueueJobs(
  jobs: Jobs,
  writes: readonly Pick<ChangeWrites, 'job'>[],
  transaction: Transaction,
): Promise<void> {
  const due = writes.flatMap(({ job }) => job ?? []);
  if (due.length > 0) await jobs.enqueue(processingQueue, due, transaction);
}

function rowsOf(writes: readonly ChangeWrites[]): ChangeRow[] {
  return writes.map(({ row }) => row);
}
