import { withTransaction } from '@cashback/postgres';
import { claimOverdue } from '../db/queries/changes/claim-overdue.ts';
import { type Inbox, enqueueNow } from './receive-changes.ts';

export interface SweepOptions {
  /** A look that is late by more than this is taken for lost. */
  overdue_ms: number;
  page_size: number;
}

/** Enqueues again what should have been looked at by now, whatever happened to its job. True when there is more. */
export async function sweep({ database, jobs }: Inbox, options: SweepOptions): Promise<boolean> {
  const { overdue_ms, page_size } = options;
  const orderIds = await withTransaction(database, async (transaction) => {
    const overdue = await claimOverdue(transaction, { overdue_ms, limit: page_size });
    await enqueueNow(jobs, overdue, transaction);
    return overdue;
  });
  return orderIds.length >= page_size;
}
