/** What came back from `POST /update/cashback`; `unknown`: no answer, or one that says nothing of the operation. */
export type UpdateAnswer =
  | { kind: 'accepted' }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'unknown'; message: string };

/**
 * What it means for the operation that was sent:
 * - `poll`: it is on its way, its end is found by polling;
 * - `repeat`: perhaps it was applied, so the same id and body go out again later;
 * - `rejected`: it will never apply; it is closed, and a new one may be made at once;
 * - `needs_attention`: a repeat would be refused again; `rejected` says whether it will never apply.
 */
export type AnswerDecision =
  | { action: 'poll' }
  | { action: 'repeat' }
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

/** Silence never means that an operation failed: only a definite refusal closes it. */
export function decideAnswer(answer: UpdateAnswer): AnswerDecision {
  if (answer.kind === 'accepted') return { action: 'poll' };
  if (answer.kind === 'unknown') return { action: 'repeat' };

  const reason = `${answer.code}: ${answer.message}`;
  switch (REFUSALS.get(answer.code)) {
    case 'repeat':
      return { action: 'repeat' };
    case 'rejected':
      return { action: 'rejected', reason };
    case 'rejected_for_attention':
      return { action: 'needs_attention', reason, rejected: true };
    case undefined:
      return { action: 'needs_attention', reason, rejected: false };
  }
}
