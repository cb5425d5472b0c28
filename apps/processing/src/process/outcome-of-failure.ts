import { CashbackClientError } from '@cashback/client';
import { HttpCallError } from '@cashback/service';
import { ServiceUrlMissing } from '../gather/service-answer.ts';
import type { Outcome } from '../record/decide-next-attempt.ts';

/** Codes that concern this app's setup, or the request as a whole, rather than the order. */
const NOT_ABOUT_THE_ORDER = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'UNEXPECTED_ANSWER',
  'PAYLOAD_TOO_LARGE',
  'CLOSED',
]);

/**
 * What the error of a step comes to. A definite refusal of this order needs attention. A failure that may pass, or
 * concerns all orders, is retried, and so is an error of our own, such as one of the database. An invoice that is not
 * there is waited for: its callback, or a replica of transactions, may be early or late.
 */
export function outcomeOfFailure(error: unknown): Exclude<Outcome, { outcome: 'processed' }> {
  const reason = messageOf(error);
  if (error instanceof HttpCallError) {
    const { outcome, code, retry_after_ms } = error;
    if (code === 'INVOICE_NOT_FOUND') {
      const cause = { code: 'observation_missing', details: {} } as const;
      return { outcome: 'waiting', reason: `${code}: ${reason}`, cause };
    }
    return outcome === 'unknown' || NOT_ABOUT_THE_ORDER.has(code)
      ? { outcome: 'failed', reason, retry_after_ms }
      : {
          outcome: 'attention',
          reason: `${code}: ${reason}`,
          cause: { code: 'observation_unreadable', details: { refusal: code } },
        };
  }
  if (error instanceof CashbackClientError) {
    const { code, retryable, details } = error;
    return retryable || NOT_ABOUT_THE_ORDER.has(code)
      ? { outcome: 'failed', reason }
      : {
          outcome: 'attention',
          reason: `server: ${code}: ${reason}`,
          cause: { code: 'register_refused', details: { ...details, refusal: code } },
        };
  }
  if (error instanceof ServiceUrlMissing) {
    const cause = { code: 'settings_missing', details: { service: error.service } } as const;
    return { outcome: 'attention', reason, cause };
  }
  return { outcome: 'failed', reason };
}

/** An error of the calculation itself needs attention. */
export function notCalculable(error: unknown): Outcome {
  const cause = { code: 'not_calculable', details: {} } as const;
  return { outcome: 'attention', reason: `cannot be calculated: ${messageOf(error)}`, cause };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
