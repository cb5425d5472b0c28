import { basket, refund } from '@cashback/wire';
import { storableText } from '@cashback/postgres';
import { HttpCallError, type HttpClient, type Log } from '@cashback/service';
import type { TrustCall } from './advance-operation.ts';
import type { SendHow, StepAnswer } from './decide-advance.ts';
import { answerAfterLookup, needsLookup, trustRequestOf } from './trust-request.ts';

/** Statuses that say nothing of the step: our token, address or request form is wrong, and an operator corrects it. */
const NO_VERDICT_STATUSES = new Set([401, 403, 405, 413, 415]);

/**
 * Sends a step to Trust, or asks for a step that Trust has. The step's id makes a repeat harmless, so every answer
 * that is not clearly about the step is `unknown` and leads to a repeat.
 */
export async function callTrust(trust: HttpClient, log: Log, call: TrustCall): Promise<StepAnswer> {
  const answer = await callOnce(trust, log, call);
  if (!needsLookup(call.how, answer)) return answer;
  return answerAfterLookup(answer, await callOnce(trust, log, { ...call, how: 'get' }));
}

async function callOnce(trust: HttpClient, log: Log, call: TrustCall): Promise<StepAnswer> {
  const { operation_id, invoice_id } = call.operation;
  const about = { invoice_id, operation_id, step_id: call.step.step_id };
  try {
    const { status, reason } = await request(trust, call);
    if (status === 'success') return { kind: 'applied' };
    return status === 'pending' ? { kind: 'pending' } : refused(reason ?? 'no reason given');
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const answer = answerOf(error, call.how);
    const line = { ...about, answer: answer.kind, code: error.code, error: error.message };
    log[isNoVerdict(error) ? 'error' : 'warn'](line, 'call to Trust failed');
    return answer;
  }
}

function request(trust: HttpClient, call: TrustCall) {
  const { kind, body } = trustRequestOf(call);
  const id = encodeURIComponent(call.step.step_id);
  if (kind === 'refund') {
    return call.how === 'get' ? trust.get(`/refunds/${id}`, refund) : trust.post('/refunds', body, refund);
  }
  return call.how === 'get' ? trust.get(`/baskets/${id}`, basket) : trust.post('/baskets', body, basket);
}

/** Only Trust's own refusal of a request refuses the step. A failed lookup leaves the step as it is. */
function answerOf(error: HttpCallError, how: SendHow): StepAnswer {
  const { outcome, code, retry_after_ms } = error;
  if (outcome === 'refused' && !isNoVerdict(error)) {
    if (how !== 'get') return refused(code);
    if (code === 'BASKET_NOT_FOUND' || code === 'REFUND_NOT_FOUND') return { kind: 'missing' };
  }
  return { kind: 'unknown', ...(retry_after_ms !== undefined && { retry_after_ms }) };
}

function refused(reason: string): StepAnswer {
  return { kind: 'refused', reason: storableText(reason) };
}

function isNoVerdict({ outcome, http_status = 0, code }: HttpCallError): boolean {
  return outcome === 'refused' && (NO_VERDICT_STATUSES.has(http_status) || code === 'NOT_FOUND');
}
