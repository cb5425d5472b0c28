import type { CashbackStatus } from '@cashback/wire';

/**
 * What came back from `POST /update/cashback`. `unknown`: no answer, or one that says nothing about the operation.
 * `not_sent`: the request certainly did not leave.
 */
export type UpdateAnswer =
  | { kind: 'accepted'; status: CashbackStatus }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'unknown'; message: string }
  | { kind: 'not_sent' };

export interface SentOperation {
  /** It was sent before, and the invoice does not list it. */
  repeated: boolean;
  /** Why the order has waited too long; null when it has not. */
  overdue: string | null;
}

/**
 * What the answer means for the operation that was sent:
 * - `poll`: it is in flight, and polling finds its end;
 * - `repeat`: it may have been applied, so the same id and body are sent again later;
 * - `finished`: it ended so long ago that the invoice does not list it any more;
 * - `rejected`: it will never apply, so it is closed, and a new one may be made at once;
 * - `needs_attention`: a repeat would be refused again. With `rejected` it will never apply, and is closed.
 */
export type AnswerDecision =
  | { action: 'poll' }
  | { action: 'repeat' }
  | { action: 'finished'; outcome: 'applied' | 'failed' }
  | { action: 'rejected'; reason: string }
  | { action: 'needs_attention'; reason: string; rejected: boolean };

type Refusal = 'repeat' | 'rejected' | 'rejected_for_attention';

/**
 * `transactions` checks an operation's id before everything else, so both kinds of rejection prove that no operation of
 * this id was ever accepted. A refusal that is not listed here proves nothing.
 */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ['OPERATION_IN_FLIGHT', 'repeat'],
  ['HISTORY_UNKNOWN', 'repeat'],
  ['OVERLOADED', 'repeat'],
  ['DATABASE_UNAVAILABLE', 'repeat'],
  ['VERSION_MISMATCH', 'rejected'],
  ['PAYEE_MISMATCH', 'rejected_for_attention'],
  ['INVOICE_NOT_FOUND', 'rejected_for_attention'],
]);

/**
 * Silence never means that an operation failed: only a definite refusal closes it, or the end in the answer to a repeat.
 * When repeats bring nothing for too long, the order needs attention, and the operation stays open.
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

/** An operation that was sent once may be repeated, however long that was impossible. */
function repeat({ repeated, overdue }: SentOperation, why: string): AnswerDecision {
  if (!repeated || overdue === null) return { action: 'repeat' };
  return {
    action: 'needs_attention',
    reason: `${overdue}; the last repeat of its operation got: ${why}`,
    rejected: false,
  };
}
