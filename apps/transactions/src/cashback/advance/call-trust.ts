import { type Basket, type Refund, basket, refund } from '@cashback/wire';
import { type CallResult, type HttpClient, type Log, resultOfCall } from '@cashback/service';
import type { TrustCall } from './advance-operation.ts';
import { answerToRequest } from './compare-answer.ts';
import type { StepAnswer } from './decide-advance.ts';
import { isNoVerdict } from './trust-answer.ts';
import { type TrustRequest, answerAfterLookup, needsLookup, trustRequestOf } from './trust-request.ts';

/**
 * Sends a step to Trust, or asks for a step that Trust has. The step's id makes a repeat harmless, so every answer
 * that is not clearly about the step is `unknown` and leads to a repeat. A refusal by an error code counts only when
 * Trust has kept it under the id.
 */
export async function callTrust(trust: HttpClient, log: Log, call: TrustCall): Promise<StepAnswer> {
  const answer = await callOnce(trust, log, call);
  if (!needsLookup(answer)) return answer;
  return answerAfterLookup(answer, await callOnce(trust, log, { ...call, how: 'get' }));
}

async function callOnce(trust: HttpClient, log: Log, call: TrustCall): Promise<StepAnswer> {
  const asked = trustRequestOf(call);
  const result = await request(trust, call, asked);
  const { operation_id, invoice_id } = call.operation;
  const about = { invoice_id, operation_id, step_id: call.step.step_id };
  const answer = answerToRequest(call.how, asked, result);
  if (answer.kind === 'differs') {
    const { difference } = answer;
    log.error({ ...about, difference }, 'Trust has something else under the id of a step');
  }
  if ('body' in result) return answer;
  const { error } = result;
  const line = { ...about, answer: answer.kind, code: error.code, error: error.message };
  log[isNoVerdict(error) ? 'error' : 'warn'](line, 'call to Trust failed');
  return answer;
}

async function request(
  trust: HttpClient,
  call: TrustCall,
  { kind, body }: TrustRequest,
): Promise<CallResult<Basket | Refund>> {
  const id = encodeURIComponent(call.step.step_id);
  const isLookup = call.how === 'get';
  if (kind === 'refund') {
    return resultOfCall(
      isLookup ? trust.get(`/refunds/${id}`, refund) : trust.post('/refunds', body, refund),
    );
  }
  return resultOfCall(isLookup ? trust.get(`/baskets/${id}`, basket) : trust.post('/baskets', body, basket));
}
