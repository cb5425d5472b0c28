import type { AppRouter } from '@cashback/contract';
import type { TRPCClientError } from '@trpc/client';
import { CashbackClientError, refusedCall } from './client-error.ts';

/** Converts what the links throw into the client's own error. */
export function toClientError(error: TRPCClientError<AppRouter>): CashbackClientError {
  if (error.cause instanceof CashbackClientError) return error.cause;
  const fromServer = error.data?.cashback;
  if (fromServer !== undefined) return refusedCall({ ...fromServer, message: error.message });
  const answered = error.meta !== undefined;
  return answered
    ? new CashbackClientError('UNEXPECTED_ANSWER', `the answer cannot be read: ${error.message}`, {
        retryable: false,
        cause: error,
      })
    : new CashbackClientError('BAD_REQUEST', `the call cannot be sent: ${error.message}`, {
        retryable: false,
        cause: error,
      });
}
