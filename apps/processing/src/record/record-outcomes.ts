import { withTransaction } from '@cashback/postgres';
import type { Log } from '@cashback/service';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { insertDrifts } from '../db/queries/drifts.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Drift } from '../process/drift.ts';
import { type Inbox, enqueueJobs } from '../inbox/receive-changes.ts';
import {
  type AttemptLimits,
  type Outcome,
  type RegisterAnswers,
  decideNextAttempt,
  recordAttempt,
} from './decide-next-attempt.ts';

export interface Processed {
  change: ChangeRow;
  outcome: Outcome;
  answers: RegisterAnswers;
  drifts: Drift[];
}

/**
 * Records the outcomes of a batch of orders and enqueues those to attempt again, in one transaction. Returns the
 * outcomes.
 */
export async function recordOutcomes(
  { database, jobs }: Inbox,
  log: Log,
  limits: AttemptLimits,
  batch: readonly Processed[],
): Promise<Outcome[]> {
  const attempts = new Map(
    batch.map(({ change, outcome, answers }) => [
      change.order_id,
      { change, next: decideNextAttempt(change, outcome, limits), answers },
    ]),
  );
  const drifts = batch.flatMap((processed) => processed.drifts);
  await withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, [...attempts.keys()]);
    const writes = stored.flatMap((row) => {
      const attempt = attempts.get(row.order_id);
      return attempt === undefined ? [] : [recordAttempt(row, attempt.next, attempt.answers)];
    });
    await updateChanges(
      transaction,
      writes.map(({ row }) => row),
    );
    await insertDrifts(transaction, drifts);
    await enqueueJobs(jobs, writes, transaction);
  });
  for (const [order_id, { change, next }] of attempts) {
    if (next.attention !== null && change.attention === null)
      log.warn({ order_id, attention: next.attention }, 'order needs attention');
  }
  for (const { order_id, class: kind, healed } of drifts) {
    log.warn({ order_id, class: kind, healed }, 'order differs from what was processed');
  }
  return batch.map(({ outcome }) => outcome);
}
