import { withTransaction } from '@cashback/postgres';
import type { AuditPlan } from '@cashback/core';
import type { Log } from '@cashback/service';
import { lockChanges } from '../db/queries/changes/lock-changes.ts';
import { updateCauses } from '../db/queries/changes/update-causes.ts';
import { updateChanges } from '../db/queries/changes/update-changes.ts';
import { insertDrifts } from '../db/queries/drifts.ts';
import type { ChangeRow } from '../inbox/change.ts';
import type { Drift } from '../process/drift.ts';
import { driftOfAttention } from '../process/find-obstacle.ts';
import { type Inbox, enqueueJobs } from '../inbox/receive-changes.ts';
import { causeToWrite } from './attention-cause.ts';
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
  const attempts = new Map(
    batch.map((processed) => [
      processed.change.order_id,
      { ...processed, next: decideNextAttempt(processed.change, processed.outcome, limits) },
    ]),
  );
  const { drifts, noted } = await withTransaction(database, async (transaction) => {
    const stored = await lockChanges(transaction.client, [...attempts.keys()]);
    const writes = stored.flatMap((before) => {
      const attempt = attempts.get(before.order_id);
      if (attempt === undefined) return [];
      const { next, answers, outcome } = attempt;
      const written = recordAttempt(before, next, answers, limits);
      const found = [...attempt.drifts, ...driftOfAttention(before, written.row, outcome)];
      return [{ ...written, before, next, drifts: found }];
    });
    const found = writes.flatMap((write) => write.drifts);
    await updateChanges(
      transaction,
      writes.map(({ row }) => row),
    );
    await updateCauses(
      transaction,
      writes.flatMap((write) => causeToWrite(write) ?? []),
    );
    await insertDrifts(transaction, found);
    await enqueueJobs(jobs, writes, transaction);
    const changed = writes.filter(({ before, row }) => before.attention !== row.attention);
    return { drifts: found, noted: changed.map(({ row }) => row.order_id) };
  });
  noteAttention(noted);
  for (const [order_id, { change, next }] of attempts) {
    if (next.attention !== null && change.attention === null)
      log.warn({ order_id, attention: next.attention }, 'order needs attention');
  }
  for (const { order_id, class: kind, healed } of drifts) {
    log.warn({ order_id, class: kind, healed }, 'order differs from what was processed');
  }
  return batch.map(({ outcome }) => outcome);
}
