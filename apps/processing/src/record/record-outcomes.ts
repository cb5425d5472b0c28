import { withTransaction } from '@cashback/postgres';
import type { AuditPlan } from '@cashback/core';
import type { Log } from '@cashback/service';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateCauses } from '../db/queries/changes/update-causes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { insertDrifts } from '../db/queries/drifts.ts';
import { type Inbox, enqueueJobs } from '../inbox/receive-changes.ts';
import type { AttemptLimits, Outcome } from './decide-next-attempt.ts';
import { type Processed, outcomeWrites } from './outcome-writes.ts';

export interface RecordOptions {
  inbox: Inbox;
  log: Log;
  limits: AttemptLimits & AuditPlan;
  /** Is called with the orders that have begun or ended to need attention, or do so for another cause. */
  noteAttention: (orderIds: readonly string[]) => void;
}

/**
 * Records the outcomes of a batch of orders and enqueues those to attempt again, in one transaction. Returns the
 * outcomes.
 */
export async function recordOutcomes(
  { inbox: { database, jobs }, log, limits, noteAttention }: RecordOptions,
  batch: readonly Processed[],
): Promise<Outcome[]> {
  const attempts = new Map(batch.map((processed) => [processed.change.order_id, processed]));
  const recorded = await withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, [...attempts.keys()]);
    const writes = stored.flatMap((before) => {
      const attempt = attempts.get(before.order_id);
      return attempt === undefined ? [] : [{ before, ...outcomeWrites(before, attempt, limits) }];
    });
    await updateChanges(
      transaction,
      writes.map(({ row }) => row),
    );
    await updateCauses(
      transaction,
      writes.flatMap(({ cause }) => cause ?? []),
    );
    await insertDrifts(
      transaction,
      writes.flatMap(({ drifts }) => drifts),
    );
    await enqueueJobs(jobs, writes, transaction);
    return writes;
  });
  const changed = recorded.filter(({ before, row }) => before.attention !== row.attention);
  noteAttention(changed.map(({ row }) => row.order_id));
  for (const { before, row, drifts } of recorded) {
    const { order_id, attention } = row;
    if (before.attention === null && attention !== null) {
      log.warn({ order_id, attention }, 'order needs attention');
    }
    for (const { class: kind, healed } of drifts) {
      log.warn({ order_id, class: kind, healed }, 'order differs from what was processed');
    }
  }
  return batch.map(({ outcome }) => outcome);
}
