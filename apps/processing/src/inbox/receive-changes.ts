import { type Database, type Jobs, type Transaction, withTransaction } from '@cashback/postgres';
import { insertChanges } from '../db/queries/changes/insert-changes.ts';
import { loadCauses } from '../db/queries/changes/load-causes.ts';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { processingQueue } from '../queue.ts';
import type { ChangeRow, ChangeWrites } from './change.ts';
import type { Hint } from './hint.ts';
import { noteHints, resumeChange } from './note-change.ts';

/** The inbox of changed invoices and its queue. Both change in one transaction or not at all. */
export interface Inbox {
  database: Database;
  jobs: Jobs;
}

/** Notes the hints and enqueues the orders that are due by them, together with `alongside`. */
export async function receiveChanges(
  { database, jobs }: Inbox,
  hints: readonly Hint[],
  alongside: (transaction: Transaction) => Promise<void> = async () => {},
): Promise<void> {
  await withTransaction(database, async (transaction) => {
    await enqueueJobs(jobs, await noteChanges(transaction, hints), transaction);
    await alongside(transaction);
  });
}

/** Notes that the orders are to be processed. Returns what was written. */
export async function noteChanges(tx: Transaction, hints: readonly Hint[]): Promise<ChangeWrites[]> {
  const first = noteHints(hints, new Map());
  const inserted = await insertChanges(tx, rowsOf(first));
  const orderIds = new Set(hints.map(({ order_id }) => order_id));
  const rows = await lockChanges(
    tx.client,
    [...orderIds].filter((id) => !inserted.has(id)),
  );
  const stored = new Map(rows.map((row) => [row.order_id, row]));
  const updated = noteHints(
    hints.filter(({ order_id }) => stored.has(order_id)),
    stored,
  );
  await updateChanges(tx, rowsOf(updated));
  return [...first.filter(({ row }) => inserted.has(row.order_id)), ...updated];
}

/**
 * Takes orders out of attention and enqueues them; returns those that needed it. With `since` only for the need that began
 * then: a person resumed that one, and not another one that the order has had since.
 */
export function resumeOrders(
  { database, jobs }: Inbox,
  orderIds: readonly string[],
  since?: ReadonlyMap<string, Date>,
): Promise<string[]> {
  return withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, orderIds);
    const meant = since === undefined ? orderIds : await needsSince(transaction, orderIds, since);
    const resumed = stored.flatMap((row) => (meant.includes(row.order_id) ? (resumeChange(row) ?? []) : []));
    await updateChanges(transaction, rowsOf(resumed));
    await enqueueJobs(jobs, resumed, transaction);
    return rowsOf(resumed).map(({ order_id }) => order_id);
  });
}

async function needsSince(
  { client }: Transaction,
  orderIds: readonly string[],
  since: ReadonlyMap<string, Date>,
): Promise<string[]> {
  const causes = await loadCauses(client, orderIds);
  const meant = causes.filter((cause) => cause.since.getTime() === since.get(cause.order_id)?.getTime());
  return meant.map(({ order_id }) => order_id);
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
