import { type RefundInput, basket, refund } from '@cashback/wire';
import { storableText } from '@cashback/postgres';
import { HttpCallError, type HttpClient, type Log } from '@cashback/service';
import type { NextCall } from './advance-operations.ts';
import type { SendHow, StepAnswer } from './decide-advance.ts';

type Call = NonNullable<NextCall>;

/** Statuses that say nothing of the step: our token, our address or our form is wrong, and will be put right. */
const NO_VERDICT_STATUSES = new Set([401, 403, 405, 413, 415]);

/**
 * Sends a step to Trust, or asks for one that it has. Its id makes a repeat harmless, so whatever is not a clear word
 * on the step is `unknown`: it is repeated later. That a repeat is refused does not say what became of the request
 * before it: then Trust is asked what it has under the id.
 */
export async function callTrust(trust: HttpClient, log: Log, call: Call): Promise<StepAnswer> {
  const answer = await callOnce(trust, log, call);
  if (call.how !== 'repeat' || answer.kind !== 'refused') return answer;
  const found = await callOnce(trust, log, { ...call, how: 'get' });
  return found.kind === 'missing' ? answer : found;
}

async function callOnce(trust: HttpClient, log: Log, call: Call): Promise<StepAnswer> {
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

function request(trust: HttpClient, { operation, step, how }: Call) {
  const { step_id, basket_id, amount, source } = step;
  if (step.kind === 'refund') {
    return how === 'get'
      ? trust.get(`/refunds/${encodeURIComponent(step_id)}`, refund)
      : trust.post('/refunds', refundOf(operation, step), refund);
  }
  if (how === 'get') return trust.get(`/baskets/${encodeURIComponent(step_id)}`, basket);
  const { wallet_id, user_id, currency, invoice_id } = operation;
  return trust.post(
    '/baskets',
    { basket_id, wallet_id, user_id, currency, amount, source, order_id: invoice_id },
    basket,
  );
}

/** The policy is said only where it is not the usual one, which a payment system may not have a word for. */
function refundOf(
  { wallet_policy }: Call['operation'],
  { step_id, basket_id, amount }: Call['step'],
): Omit<RefundInput, 'wallet_policy'> & Partial<RefundInput> {
  return {
    refund_id: step_id,
    basket_id,
    amount,
    ...(wallet_policy !== 'go_negative' && { wallet_policy }),
  };
}

/** Only Trust's own word on a step that was sent refuses it; a question that fails leaves it as it is. */
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
