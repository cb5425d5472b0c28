import type { CashbackStatus } from '@cashback/wire';

/**
 * What came back from `POST /update/cashback`. `unknown`: no answer, or one that says nothing of the operation.
 * `not_sent`: it certainly did not leave.
 */
export type UpdateAnswer =
  | { kind: 'accepted'; status: CashbackStatus }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'unknown'; message: string }
  | { kind: 'not_sent' };

export interface SentOperation {
  /** It was sent before, and the invoice did not list it. */
  repeated: boolean;
  /** Why the order has waited for too long; null when it has not. */
  overdue: string | null;
}

/**
 * What it means for the operation that was sent:
 * - `poll`: it is on its way, its end is found by polling;
 * - `repeat`: perhaps it was applied, so the same id and body go out again later;
 * - `finished`: it ended, long enough ago that the invoice does not list it any more;
 * - `rejected`: it will never apply; it is closed, and a new one may be made at once;
 * - `needs_attention`: a repeat would be refused again; `rejected` says whether it will never apply.
 */
export type AnswerDecision =
  | { action: 'poll' }
  | { action: 'repeat' }
  | { action: 'finished'; outcome: 'applied' | 'failed' }
  | { action: 'rejected'; reason: string }
  | { action: 'needs_attention'; reason: string; rejected: boolean };

type Refusal = 'repeat' | 'rejected' | 'rejected_for_attention';

/**
 * An operation's id is looked up before all else, so whoever gets one of the two kinds of rejection knows that no
 * operation of this id was ever accepted. A refusal that is missing here proves nothing of the kind.
 */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ['OPERATION_IN_FLIGHT', 'repeat'],
  ['OVERLOADED', 'repeat'],
  ['DATABASE_UNAVAILABLE', 'repeat'],
  ['VERSION_MISMATCH', 'rejected'],
  ['PAYEE_MISMATCH', 'rejected_for_attention'],
  ['INVOICE_NOT_FOUND', 'rejected_for_attention'],
]);

/**
 * Silence never means that an operation failed: only a definite refusal closes it, or the end that its repeat is told.
 * What is repeated in vain for too long needs attention, and stays open.
 */
export function decideAnswer(answer: UpdateAnswer, sent: SentOperation): AnswerDecision {
  switch (answer.kind) {
    case 'accepted':
      return sent.repeated ? decideRepeated(answer.status, sent) : { action: 'poll' };
    case 'not_sent':
      return { action: 'repeat' };
    case 'unknown':
      return repeat(sent, answer.message);
    case 'refused':
      return decideRefusal(answer.code, `${answer.code}: ${answer.message}`, sent);
  }
}

function decideRepeated(status: CashbackStatus, sent: SentOperation): AnswerDecision {
  switch (status) {
    case 'success':
      return { action: 'finished', outcome: 'applied' };
    case 'failed':
      return { action: 'finished', outcome: 'failed' };
    case 'init':
    case 'in-progress': {
      const decision = repeat(sent, `it is ${status}, and the invoice does not list it`);
      return decision.action === 'repeat' ? { action: 'poll' } : decision;
    }
  }
}

function decideRefusal(code: string, reason: string, sent: SentOperation): AnswerDecision {
  switch (REFUSALS.get(code)) {
    case 'repeat':
      return repeat(sent, reason);
    case 'rejected':
      return { action: 'rejected', reason };
    case 'rejected_for_attention':
      return { action: 'needs_attention', reason, rejected: true };
    case undefined:
      return { action: 'needs_attention', reason, rejected: false };
  }
}

/** What was sent for the first time may be repeated, however long that was impossible. */
function repeat({ repeated, overdue }: SentOperation, why: string): AnswerDecision {
  if (!repeated || overdue === null) return { action: 'repeat' };
  return {
    action: 'needs_attention',
    reason: `${overdue}, its operation is repeated in vain: ${why}`,
    rejected: false,
  };
}
