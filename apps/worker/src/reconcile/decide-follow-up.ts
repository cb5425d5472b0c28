import type { ChargeOrder } from '@cashback/cashback-db';
import type { OperationOutcome } from '@cashback/contract';
import { type UpdateAnswer, decideAnswer, overdueReason, pollDelay } from '@cashback/core';
import { type StepContext, spread } from './decide-step.ts';

/** What an answer proves about its operation. */
export interface Learned {
  /** How the operation ended; null when that is not known, so it stays open. */
  ended: { outcome: OperationOutcome; reason: string | null } | null;
  /** Why the order needs attention from now on; null when the answer is no reason for it. */
  attention: string | null;
}

/**
 * What is left to do after the answer to `/update/cashback`:
 * - `noop`: the time of the next poll is committed already, and that poll finds the end;
 * - `expedite`: no callback may come, so the next poll is due in `in_ms`;
 * - `record`: the answer proves something. With `unless_listed` the invoice knows more, if it lists the operation.
 */
export type FollowUp =
  | { action: 'noop' }
  | { action: 'expedite'; in_ms: number }
  | { action: 'record'; learned: Learned; unless_listed: boolean };

export function decideFollowUp(
  { order, repeated }: { order: ChargeOrder; repeated: boolean },
  answer: UpdateAnswer,
  { limits, downtime_ms, random }: StepContext,
): FollowUp {
  const waiting = { ...order, downtime_ms };
  const decision = decideAnswer(answer, { repeated, overdue: overdueReason(waiting, limits) });
  switch (decision.action) {
    case 'poll':
      return { action: 'noop' };
    case 'repeat':
      return { action: 'expedite', in_ms: spread(pollDelay(waiting, limits), random) };
    case 'finished':
      return record({ outcome: decision.outcome, reason: null }, null, true);
    case 'rejected':
      return record({ outcome: 'rejected', reason: decision.reason }, null, false);
    case 'needs_attention': {
      const { reason, rejected } = decision;
      return record(rejected ? { outcome: 'rejected', reason } : null, reason, false);
    }
  }
}

function record(ended: Learned['ended'], attention: string | null, unless_listed: boolean): FollowUp {
  return { action: 'record', learned: { ended, attention }, unless_listed };
}
