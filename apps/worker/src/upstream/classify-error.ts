import type { HttpCallError } from '@cashback/service';

/**
 * What a failed call says about its order:
 * - `refused`: `transactions` answered, and what it says is about this order;
 * - `unknown`: the call may have taken effect, but the answer is missing or says nothing about the order. A refused
 *   token or an unknown address belongs here: it concerns all orders alike, and passes once it is corrected;
 * - `not_sent`: the call did not leave, or this worker gave it up.
 */
export type CallFailure =
  | { kind: 'refused'; code: string; message: string; details: Record<string, unknown> }
  | { kind: 'unknown' }
  | { kind: 'not_sent' };

const CALLER_REFUSED = new Set([401, 403]);
const NO_SUCH_ROUTE = 'NOT_FOUND';
const NOT_SENT = new Set(['CIRCUIT_OPEN', 'TOO_MANY_WAITING', 'ABORTED', 'CLOSED']);

export function classifyError({ outcome, code, message, details, http_status }: HttpCallError): CallFailure {
  if (NOT_SENT.has(code)) return { kind: 'not_sent' };
  const isAboutAll = CALLER_REFUSED.has(http_status ?? 0) || code === NO_SUCH_ROUTE;
  return outcome === 'unknown' || isAboutAll
    ? { kind: 'unknown' }
    : { kind: 'refused', code, message, details };
}
