import type { ErrorDetails } from '@cashback/contract';
import { TRPCError } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';

export interface Refusal {
  http_status: number;
  body: {
    error: {
      message: string;
      code: number;
      data: { code: string; httpStatus: number; path: null; cashback: ErrorDetails };
    };
  };
  /** True when the cause is only in the log. */
  masked: boolean;
}

/** The answer to a request that failed before the router, in the form of the router's errors. */
export function toRefusal(error: unknown): Refusal {
  const trpcError = error instanceof TRPCError ? error : toTrpcError(error);
  const masked = trpcError.code === 'INTERNAL_SERVER_ERROR';
  const httpStatus = getHTTPStatusCodeFromError(trpcError);
  const cashback: ErrorDetails = {
    code: masked ? 'INTERNAL' : trpcError.code,
    retryable: httpStatus >= 500,
    details: {},
    issues: [],
  };
  const code = TRPC_ERROR_CODES_BY_KEY[trpcError.code];
  const data = { code: trpcError.code, httpStatus, path: null, cashback };
  return { http_status: httpStatus, body: { error: { message: trpcError.message, code, data } }, masked };
}

function toTrpcError(error: unknown): TRPCError {
  switch (error instanceof Error && 'code' in error && error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new TRPCError({
        code: 'PAYLOAD_TOO_LARGE',
        message: 'the body is larger than the server takes: send fewer calls in one batch',
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new TRPCError({
        code: 'UNSUPPORTED_MEDIA_TYPE',
        message: 'the body must be JSON, sent as content-type: application/json',
      });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new TRPCError({
        code: 'BAD_REQUEST',
        message: 'the body is not as long as its content-length says',
      });
    case 'FST_ERR_HANDLER_TIMEOUT':
      return new TRPCError({
        code: 'SERVICE_UNAVAILABLE',
        message:
          'no answer was ready in time; whether the call took effect is not known, repeat it unchanged',
      });
  }
  return new TRPCError({ code: 'INTERNAL_SERVER_ERROR', message: 'internal error: see the server log' });
}
