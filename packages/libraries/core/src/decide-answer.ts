import type { AttentionCode } from '@cashback/contract/attention';
import type { CashbackStatus } from '@cashback/wire';
import type { Attention } from './attention.ts';

/**
 * What came back from `POST /update/cashback`. `unknown`: no answer, or one that says nothing about the operation.
 * `not_sent`: the request certainly did not leave.
 */
export type UpdateAnswer =
  | { kind: 'accepted'; status: CashbackStatus }
  | { kind: 'refused'; code: string; message: string; details: Record<string, unknown> }
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
 * - `rejected`: it will never apply, so it is closed, and a new one may be made. `version`: the one that the cashback has
 *   reached, null when the answer does not say;
 * - `needs_attention`: a repeat would be refused again. With `rejected` it will never apply, and is closed.
 */
export type AnswerDecision =
  | { action: 'poll' }
  | { action: 'repeat' }
  | { action: 'finished'; outcome: 'applied' | 'failed' }
  | { action: 'rejected'; reason: string; version: number | null }
  | { action: 'needs_attention'; attention: Attention; rejected: boolean };

type Refusal = 'repeat' | 'history_unknown' | 'down' | 'rejected' | 'payee_differs';

/**
 * `transactions` checks an operation's id before everything else, so a rejection proves that no operation of
 * this id was ever accepted. A refusal that is not listed here proves nothing.
 */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ['OPERATION_IN_FLIGHT', 'repeat'],
  ['HISTORY_UNKNOWN', 'history_unknown'],
  ['OVERLOADED', 'down'],
  ['DATABASE_UNAVAILABLE', 'down'],
  ['VERSION_MISMATCH', 'rejected'],
  // The invoice was observed before: a replica that lags does not have it yet.
  ['INVOICE_NOT_FOUND', 'rejected'],
  ['PAYEE_MISMATCH', 'payee_differs'],
]);

/**
 * Silence never means that an operation failed: only a definite refusal closes it, or the end in the answer to a repeat.
 * It is repeated however long silence lasts. When answers to repeats bring nothing for too long, the order needs
 * attention, and the operation stays open.
 */
export function decideAnswer(answer: UpdateAnswer, sent: SentOperation): AnswerDecision {
  switch (answer.kind) {
    case 'accepted':
      return sent.repeated ? decideRepeated(answer.status, sent) : { action: 'poll' };
    case 'not_sent':
    case 'unknown':
      return { action: 'repeat' };
    case 'refused':
      return decideRefusal(answer, sent);
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

function decideRefusal(
  { code, message, details }: Extract<UpdateAnswer, { kind: 'refused' }>,
  sent: SentOperation,
): AnswerDecision {
  const reason = `${code}: ${message}`;
  switch (REFUSALS.get(code)) {
    case 'repeat':
      return repeat(sent, reason);
    // It may not end by itself: Trust may have no list, and then only a person knows what the invoice carries.
    case 'history_unknown':
      return repeat(sent, reason, 'history_lost', details);
    case 'down':
      return { action: 'repeat' };
    case 'rejected':
      return { action: 'rejected', reason, version: versionIn(details) };
    case 'payee_differs':
      return {
        action: 'needs_attention',
        attention: { code: 'payee_differs', reason, details },
        rejected: true,
      };
    case undefined: {
      const attention = {
        code: 'operation_refused' as const,
        reason,
        details: { ...details, refusal: code },
      };
      return { action: 'needs_attention', attention, rejected: false };
    }
  }
}

function versionIn({ current_version: version }: Record<string, unknown>): number | null {
  return typeof version === 'number' && Number.isInteger(version) && version >= 0 && version <= LAST_VERSION
    ? version
    : null;
}

/** The largest version on the wire. */
const LAST_VERSION = 2_147_483_647;

/** An operation that was sent once may be repeated, however long that was impossible. */
function repeat(
  { repeated, overdue }: SentOperation,
  why: string,
  code: AttentionCode = 'operation_stuck',
  details: Record<string, unknown> = {},
): AnswerDecision {
  if (!repeated || overdue === null) return { action: 'repeat' };
  const reason = `${overdue}; the last repeat of its operation got: ${why}`;
  return {
    action: 'needs_attention',
    attention: { code, reason, details },
    rejected: false,
  };
}
