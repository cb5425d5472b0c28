import { withTransaction } from '@cashback/postgres';
import type { AuditPlan } from '@cashback/core';
import type { Log } from '@cashback/service';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { insertDrifts } from '../db/queries/drifts.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Drift } from '../process/drift.ts';
import { driftOfAttention } from '../process/find-obstacle.ts';
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
  limits: AttemptLimits & AuditPlan,
  batch: readonly Processed[],
): Promise<Outcome[]> {
  const attempts = new Map(
    batch.map((processed) => [
      processed.change.order_id,
      { ...processed, next: decideNextAttempt(processed.change, processed.outcome, limits) },
    ]),
  );
  const drifts = await withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, [...attempts.keys()]);
    const writes = stored.flatMap((before) => {
      const attempt = attempts.get(before.order_id);
      if (attempt === undefined) return [];
      const { next, answers, outcome } = attempt;
      const written = recordAttempt(before, next, answers, limits);
      const found = [...attempt.drifts, ...driftOfAttention(before, written.row, outcome)];
      return [{ ...written, drifts: found }];
    });
    const found = writes.flatMap((write) => write.drifts);
    await updateChanges(
      transaction,
      writes.map(({ row }) => row),
    );
    await insertDrifts(transaction, found);
    await enqueueJobs(jobs, writes, transaction);
    return found;
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
