import { withTransaction } from '@cashback/postgres';
import { claimAudits } from '../db/queries/audits/claim-audits.ts';
import { countWaiting } from '../db/queries/audits/count-waiting.ts';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { type Inbox, enqueueJobs } from '../inbox/receive-changes.ts';
import { auditChange } from './audit-change.ts';

/**
 * Has orders compared again whose audit is due, the longest due first. Live work comes first: while a page of orders waits
 * already, for an attempt or for an upstream that fails, none is added. The loop's pause bounds the rate. Resolves with how
 * many more could have been audited.
 */
export async function audit({ database, jobs }: Inbox, page_size: number): Promise<number> {
  return withTransaction(database, async (transaction) => {
    if ((await countWaiting(transaction)) >= page_size) return 0;
    const stored = await lockChanges(transaction.client, await claimAudits(transaction, page_size));
    const writes = stored.flatMap((row) => auditChange(row) ?? []);
    await updateChanges(
      transaction,
      writes.map(({ row }) => row),
    );
    await enqueueJobs(jobs, writes, transaction);
    return page_size - stored.length;
  });
}
