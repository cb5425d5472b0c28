import { CashbackError } from '@cashback/contract';
import { PaymentError } from '@cashback/wire';
import { type CallResult, HttpCallError } from '@cashback/service';
import { type Flow, type ProcessName, call } from '../engine/flow.ts';

/** A call as the HTTP client of its caller ends it. */
export function* callOverHttp<Body>(
  to: ProcessName,
  what: string,
  handle: () => Flow<Body | CashbackError | PaymentError>,
): Flow<CallResult<Body>> {
  const about = { upstream: to, method: 'POST', url: what };
  const answer = yield* call(to, what, handle);
  if (answer === null) {
    return { error: new HttpCallError('no answer', { ...about, outcome: 'unknown', code: 'TIMEOUT' }) };
  }
  if (!(answer instanceof CashbackError || answer instanceof PaymentError)) return { body: answer };
  const { code, http_status, message, details } = answer;
  const outcome = http_status < 500 ? ('refused' as const) : ('unknown' as const);
  return { error: new HttpCallError(message, { ...about, outcome, code, http_status, details }) };
}
