import { storableText } from '@cashback/postgres';
import type { CallResult, HttpCallError } from '@cashback/service';
import type { Basket, Refund } from '@cashback/wire';
import type { SendHow, StepAnswer } from './decide-advance.ts';

/** Statuses that say nothing of the step: our token, address or request form is wrong, and an operator corrects it. */
const NO_VERDICT_STATUSES = new Set([401, 403, 405, 413, 415]);

/** What Trust's answer says about the step. Whatever is not clearly about it is `unknown`. */
export function stepAnswerOf(
  how: SendHow,
  result: CallResult<Pick<Basket, 'status' | 'reason'> & Pick<Refund, 'taken'>>,
): StepAnswer {
  if ('error' in result) return answerOfError(how, result.error);
  const { status, reason, taken } = result.body;
  if (status === 'success') return { kind: 'applied', ...(typeof taken === 'string' && { taken }) };
  return status === 'pending' ? { kind: 'pending' } : refused(reason ?? 'no reason given');
}

/** Only Trust's own refusal of a request says something of the step. A failed lookup leaves the step as it is. */
function answerOfError(how: SendHow, error: HttpCallError): StepAnswer {
  const { outcome, code, message, retry_after_ms } = error;
  if (outcome === 'refused' && !isNoVerdict(error)) {
    if (how !== 'get') return { kind: 'not kept', reason: storableText(`${code}: ${message}`) };
    if (code === 'BASKET_NOT_FOUND' || code === 'REFUND_NOT_FOUND') return { kind: 'missing' };
  }
  return { kind: 'unknown', ...(retry_after_ms !== undefined && { retry_after_ms }) };
}

/** Kept by Trust: the step is given up. */
function refused(reason: string): StepAnswer {
  return { kind: 'refused', reason: storableText(reason) };
}

/** True when an operator has to correct our side. */
export function isNoVerdict({ outcome, http_status = 0, code }: HttpCallError): boolean {
  return outcome === 'refused' && (NO_VERDICT_STATUSES.has(http_status) || code === 'NOT_FOUND');
}
