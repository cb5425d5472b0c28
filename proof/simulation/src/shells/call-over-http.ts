import { CashbackError } from '@cashback/contract';
import { PaymentError } from '@cashback/wire';
import type { CallResult } from '@cashback/service';
import { CALL_TIMEOUT_MS } from '../engine/engine.ts';
import { type Flow, type ProcessName, call } from '../engine/flow.ts';
import type { World } from '../world.ts';

/** No body of a request is so large here. */
const LIMITS = { body_limit_bytes: Infinity };

/** A call as the HTTP client of its caller ends it, by the answer that the server of the other side makes of an error. */
export function* callOverHttp<Body>(
  { decisions }: World,
  to: ProcessName,
  what: string,
  handle: () => Flow<Body | CashbackError | PaymentError>,
): Flow<CallResult<Body>> {
  const { noAnswer, refusalOf, toErrorAnswer } = decisions.http;
  const called = {
    upstream: to,
    method: 'POST',
    origin: '',
    path: what,
    timeout_ms: CALL_TIMEOUT_MS,
  } as const;
  const answer = yield* call(to, what, handle);
  if (answer === null) return { error: noAnswer(called) };
  if (!(answer instanceof CashbackError || answer instanceof PaymentError)) return { body: answer };
  const { http_status, body } = toErrorAnswer(answer, LIMITS, what);
  return { error: refusalOf(called, { http_status, text: JSON.stringify(body), retry_after: undefined }) };
}
