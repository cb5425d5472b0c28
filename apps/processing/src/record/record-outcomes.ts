import { withTransaction } from '@cashback/postgres';
import type { Log } from '@cashback/service';
import type { UnfinishedChange } from '../db/queries/changes/lock-changes.ts';
import { recordSteps } from '../db/queries/changes/update-changes.ts';
import {
  type Outcome,
  type RegisterAnswers,
  type StepLimits,
  decideNextStep,
} from './decide-next-attempt.ts';
import type { Inbox } from '../inbox/receive-changes.ts';
import { laterJob, processingQueue } from '../queue.ts';

export interface Processed {
  change: UnfinishedChange;
  outcome: Outcome;
  answers: RegisterAnswers;
}

/**
 * Writes what came of a group of orders, and enqueues those to be looked at later, in one transaction. Returns the
 * outcomes that are written now.
 */
export async function recordOutcomes(
  { database, jobs }: Inbox,
  log: Log,
  limits: StepLimits,
  group: readonly Processed[],
): Promise<Outcome[]> {
  const steps = group.map(({ change, outcome, answers }) => ({
    ...decideNextStep(change, outcome, limits),
    answers,
  }));
  await withTransaction(database, async (transaction) => {
    const unfinished = await recordSteps(transaction, steps);
    const later = steps.filter(({ order_id }) => unfinished.has(order_id));
    if (later.length === 0) return;
    const waiting = later.map(({ order_id, look_after_ms }) => laterJob(order_id, look_after_ms));
    await jobs.enqueue(processingQueue, waiting, transaction);
  });
  for (const { order_id, attention } of steps) {
    if (attention !== null) log.warn({ order_id, attention }, 'order needs attention');
  }
  return group.map(({ outcome }) => outcome);
}
