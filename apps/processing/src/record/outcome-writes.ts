import type { AuditPlan } from '@cashback/core';
import type { ChangeRow, ChangeWrites } from '../inbox/change.ts';
import type { AttemptEnd } from '../process/attempt-flow.ts';
import type { Drift } from '../process/drift.ts';
import { driftOfAttention } from '../process/find-obstacle.ts';
import { type FoundCause, causeToWrite } from './attention-cause.ts';
import { type AttemptLimits, decideNextAttempt, recordAttempt } from './decide-next-attempt.ts';

/** An attempt that has ended, with the row that it began with. */
export interface Processed extends AttemptEnd {
  change: ChangeRow;
}

/** What recording the end of an attempt writes. */
export interface OutcomeWrites extends ChangeWrites {
  /** Why the order needs attention; null: it needs none, or nothing new is known of it. */
  cause: FoundCause | null;
  drifts: Drift[];
}

/** `stored`: the row as it is under its lock. */
export function outcomeWrites(
  stored: ChangeRow,
  { change, outcome, answers, drifts }: Processed,
  limits: AttemptLimits & AuditPlan,
  random: () => number = Math.random,
): OutcomeWrites {
  const next = decideNextAttempt(change, outcome, limits, random);
  const { row, job } = recordAttempt(stored, next, answers, limits);
  return {
    row,
    job,
    cause: causeToWrite({ before: stored, row, next }),
    drifts: [...drifts, ...driftOfAttention(stored, row, outcome)],
  };
}
