import type { ChargeOrder } from '@cashback/cashback-db';
import type { OperationOutcome } from '@cashback/contract';
import { type Attention, type UpdateAnswer, decideAnswer, overdueReason, pollDelay } from '@cashback/core';
import { type StepContext, attentionWait, spread, standingAttention } from './decide-step.ts';

/** What an answer proves about its operation. */
export interface Learned {
  /** How the operation ended; null when that is not known, so it stays open. */
  ended: { outcome: OperationOutcome; reason: string | null } | null;
  /** The version that the cashback has reached; null when the answer does not say. */
  version: number | null;
  /** Why the order needs attention from now on; null when the answer is no reason for it. */
  attention: Attention | null;
  /** Until the next poll of an order that needs attention. */
  attention_wait_ms: number;
}

/**
 * What is left to do after the answer to `/update/cashback`:
 * - `noop`: the time of the next poll is committed already, and that poll finds the end;
 * - `expedite`: no callback may come, so the next poll is due in `in_ms`;
 * - `record`: the answer proves something. With `unless_listed` the invoice knows more, if it lists the operation.
 */
export type FollowUp =
  | { action: 'noop' }
  | { action: 'expedite'; in_ms: number; answered: boolean }
  | { action: 'record'; learned: Learned; unless_listed: boolean };

export function decideFollowUp(
  { order, operation, repeated }: { order: ChargeOrder; operation: { version: number }; repeated: boolean },
  answer: UpdateAnswer,
  { limits, random }: StepContext,
): FollowUp {
  const decision = decideAnswer(answer, { repeated, overdue: overdueReason(order, limits) });
  const learn = (learned: Partial<Learned>): Learned => {
    const attention = learned.attention ?? standingAttention(order);
    const attention_wait_ms = attention === null ? 0 : attentionWait(order, attention, limits, random);
    return { ended: null, version: null, attention: null, attention_wait_ms, ...learned };
  };
  switch (decision.action) {
    case 'poll':
      return { action: 'noop' };
    case 'repeat': {
      const answered = answer.kind === 'refused';
      return { action: 'expedite', in_ms: spread(pollDelay(order, limits), random), answered };
    }
    case 'finished': {
      // An accepted operation took the invoice beyond the version that it was sent with.
      const ended = { outcome: decision.outcome, reason: null };
      return record(learn({ ended, version: operation.version + 1 }), true);
    }
    case 'rejected': {
      const { reason, version } = decision;
      return record(learn({ ended: { outcome: 'rejected', reason }, version }), false);
    }
    case 'needs_attention': {
      const { attention, rejected } = decision;
      const ended = rejected ? ({ outcome: 'rejected', reason: attention.reason } as const) : null;
      return record(learn({ ended, attention }), false);
    }
  }
}

function record(learned: Learned, unless_listed: boolean): FollowUp {
  return { action: 'record', learned, unless_listed };
}
