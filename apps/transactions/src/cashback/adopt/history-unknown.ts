import { CashbackError } from '@cashback/contract';

/** Nothing was decided: what the invoice carries is not known since the side was restored. */
export function historyUnknown(
  invoiceId: string,
  why: string,
  details: Record<string, unknown> = {},
): CashbackError {
  return new CashbackError(
    'HISTORY_UNKNOWN',
    `what invoice ${invoiceId} carries is not known since the restore: ${why}; send this one again later`,
    { invoice_id: invoiceId, ...details },
  );
}

/** The invoice's history is adopted first, and the request is decided again. */
export function isHistoryUnknown(answer: unknown): answer is CashbackError {
  return answer instanceof CashbackError && answer.code === 'HISTORY_UNKNOWN';
}
