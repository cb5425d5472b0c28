import type { InvoiceChange } from '@cashback/wire';
import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import { noteChanges } from '../db/queries/changes/insert-changes.ts';
import { immediateJob, processingQueue } from '../queue.ts';

/** The inbox of changed invoices and the queue that works on it; both change in one transaction or not at all. */
export interface Inbox {
  database: Database;
  jobs: Jobs;
}

/** Notes the changes and enqueues the orders for which any of them is news, together with `alongside`. */
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

export async function enqueueNow(
  jobs: Jobs,
  orderIds: readonly string[],
  transaction: Transaction,
): Promise<void> {
  if (orderIds.length > 0) await jobs.enqueue(processingQueue, orderIds.map(immediateJob), transaction);
}
