import type { ExpeditedPoll, NewOperation } from '@cashback/cashback-db';
import type { OperationOutcome } from '@cashback/contract';
import {
  type AnswerDecision,
  type Attention,
  type UpdateAnswer,
  decideAnswer,
  overdueReason,
  pollDelay,
} from '@cashback/core';
import { type StepContext, attentionWait, spread, standingAttention } from './decide-step.ts';
import type { Observation } from './observe-invoice.ts';
import type { Sending } from './sending.ts';

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
 * - `expedite`: no callback may come, so the next poll is due earlier;
 * - `observe`: the answer proves something, and the invoice knows more if it lists the operation;
 * - `record`: the answer proves something.
 */
export type FollowUp =
  | { action: 'noop' }
  | { action: 'expedite'; poll: ExpeditedPoll }
  | { action: 'observe'; learned: Learned }
  | { action: 'record'; learned: Learned };

export function decideFollowUp(
  { order, operation, repeated, history }: Sending,
  answer: UpdateAnswer,
  { limits, random }: StepContext,
  /** Of the operations that are sent now only this one has no answer. */
  fails_alone = false,
): FollowUp {
  // It ended before the restore: only the next observation shows how far the invoice is.
  if (order.operation_id !== operation.operation_id && history?.state === 'repeated')
    return { action: 'noop' };
  const overdue = overdueReason(order, limits);
  const answered_with = decideAnswer(answer, { repeated, overdue });
  const decision = history?.state === 'repeated' ? leftOpen(answered_with) : answered_with;
  const learn = (learned: Partial<Learned>): Learned => {
    const attention = learned.attention ?? standingAttention(order);
    const attention_wait_ms = attention === null ? 0 : attentionWait(order, attention, limits, random);
    return { ended: null, version: null, attention: null, attention_wait_ms, ...learned };
  };
  switch (decision.action) {
    case 'poll':
      return { action: 'noop' };
    case 'repeat': {
      const { order_id, operation_id } = operation;
      if (fails_alone && overdue !== null)
        return { action: 'record', learned: learn({ attention: failingAlone(operation, overdue) }) };
      const in_ms = spread(pollDelay(order, limits), random);
      const answered = answer.kind === 'refused' || fails_alone;
      return { action: 'expedite', poll: { order_id, operation_id, in_ms, answered } };
    }
    case 'finished': {
      // An accepted operation took the invoice beyond the version that it was sent with.
      const ended = { outcome: decision.outcome, reason: null };
      return { action: 'observe', learned: learn({ ended, version: operation.version + 1 }) };
    }
    case 'rejected': {
      const { reason, version } = decision;
      return { action: 'record', learned: learn({ ended: { outcome: 'rejected', reason }, version }) };
    }
    case 'needs_attention': {
      const { attention, rejected } = decision;
      const ended = rejected ? ({ outcome: 'rejected', reason: attention.reason } as const) : null;
      return { action: 'record', learned: learn({ ended, attention }) };
    }
  }
}

/** What a restored side refuses, it may have carried out before: no refusal ends an operation that may be missing there. */
function leftOpen(decision: AnswerDecision): AnswerDecision {
  const isEnd =
    decision.action === 'rejected' || (decision.action === 'needs_attention' && decision.rejected);
  return isEnd ? { action: 'repeat' } : decision;
}

function failingAlone({ operation_id }: NewOperation, overdue: string): Attention {
  const reason = `operation ${operation_id} has no answer, while those of other orders have: ${overdue}`;
  return { code: 'attempts_failed', reason, details: { operation_id } };
}

/**
 * The follow-up once the invoice is observed. The answer counts only when the invoice is known not to list the
 * operation, as when newer ones have taken its place; otherwise the next poll finds out more.
 */
export function afterObserving(
  { operation }: Pick<Sending, 'operation'>,
  learned: Learned,
  observation: Observation,
): FollowUp {
  return mayBeListed(operation, observation) ? { action: 'noop' } : { action: 'record', learned };
}

function mayBeListed({ operation_id }: NewOperation, observation: Observation): boolean {
  if (observation.outcome !== 'observed') return true;
  return observation.cashback.operations.some((listed) => listed.operation_id === operation_id);
}
