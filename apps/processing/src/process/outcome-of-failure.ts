import { CashbackClientError } from '@cashback/client';
import { HttpCallError } from '@cashback/service';
import type { Outcome } from '../record/decide-next-attempt.ts';

/** What says something of how this app is set up, or of the request as a whole, and nothing of the order. */
const NOT_OF_THE_ORDER = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'UNEXPECTED_ANSWER',
  'PAYLOAD_TOO_LARGE',
  'CLOSED',
]);

/**
 * A definite refusal of this order needs attention; what may pass by itself, or concerns all orders alike, is tried
 * again.
 */
export function outcomeOfFailure(error: unknown): Outcome {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof HttpCallError) {
    const { outcome, code, retry_after_ms } = error;
    return outcome === 'unknown' || NOT_OF_THE_ORDER.has(code)
      ? { outcome: 'failed', reason, retry_after_ms }
      : { outcome: 'attention', reason: `${code}: ${reason}` };
  }
  if (error instanceof CashbackClientError) {
    const { code, retryable } = error;
    return retryable || NOT_OF_THE_ORDER.has(code)
      ? { outcome: 'failed', reason }
      : { outcome: 'attention', reason: `server: ${code}: ${reason}` };
  }
  return { outcome: 'attention', reason: `cannot be calculated: ${reason}` };
}
