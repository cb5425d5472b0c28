import { withTransaction } from '@cashback/postgres';
import { claimOverdue } from '../db/queries/changes/claim-overdue.ts';
import { immediateJob } from '../queue.ts';
import { type Inbox, enqueueJobs } from './receive-changes.ts';

export interface SweepOptions {
  /** A job that is late by more than this is taken for lost. */
  overdue_ms: number;
  page_size: number;
}

/** Enqueues orders again whose next attempt is overdue, whatever happened to their jobs. True when there is more. */
export async function sweep({ database, jobs }: Inbox, options: SweepOptions): Promise<boolean> {
  const { overdue_ms, page_size } = options;
  const orderIds = await withTransaction(database, async (transaction) => {
    const overdue = await claimOverdue(transaction, { overdue_ms, limit: page_size });
    await enqueueJobs(
      jobs,
      overdue.map((orderId) => ({ job: immediateJob(orderId) })),
      transaction,
    );
    return overdue;
  });
  return orderIds.length >= page_size;
}
