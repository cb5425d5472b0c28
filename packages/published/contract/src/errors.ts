/** The closed list of errors on the wire: their status in HTTP and tRPC, and whether the unchanged call may succeed later. */
const CODES = {
  BAD_REQUEST: { http_status: 400, trpc: 'BAD_REQUEST', retryable: false },
  SUM_MISMATCH: { http_status: 400, trpc: 'BAD_REQUEST', retryable: false },
  SOURCE_SPLIT_REQUIRED: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  IMMUTABLE_FIELD: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  REVISION_CONFLICT: { http_status: 409, trpc: 'CONFLICT', retryable: true },
  EXPECTED_REVISION_REQUIRED: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  UNKNOWN_SOURCE: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  SUM_CONTRADICTS_EVENTS: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  REVISION_EXHAUSTED: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  RATES_CONFLICT: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  ORDER_NOT_FOUND: { http_status: 404, trpc: 'NOT_FOUND', retryable: false },
  RATES_NOT_FOUND: { http_status: 404, trpc: 'NOT_FOUND', retryable: true },
  CURSOR_INVALID: { http_status: 400, trpc: 'BAD_REQUEST', retryable: false },
  INVOICE_NOT_FOUND: { http_status: 404, trpc: 'NOT_FOUND', retryable: false },
  INVOICE_EXISTS: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  STATUS_FORBIDDEN: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  VERSION_MISMATCH: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  CHANGE_BODY_MISMATCH: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  OPERATION_BODY_MISMATCH: { http_status: 409, trpc: 'CONFLICT', retryable: false },
  OPERATION_IN_FLIGHT: { http_status: 409, trpc: 'CONFLICT', retryable: true },
  HISTORY_UNKNOWN: { http_status: 409, trpc: 'CONFLICT', retryable: true },
  PAYEE_MISMATCH: { http_status: 422, trpc: 'UNPROCESSABLE_CONTENT', retryable: false },
  OVERLOADED: { http_status: 503, trpc: 'SERVICE_UNAVAILABLE', retryable: true },
  DATABASE_UNAVAILABLE: { http_status: 503, trpc: 'SERVICE_UNAVAILABLE', retryable: true },
} as const;

export type CashbackErrorCode = keyof typeof CODES;

/** An error of the domain: a code of the closed list, a message for a person, details for a program. */
export class CashbackError extends Error {
  override readonly name = 'CashbackError';
  readonly code: CashbackErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: CashbackErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  get http_status(): number {
    return CODES[this.code].http_status;
  }

  get trpc_code(): (typeof CODES)[CashbackErrorCode]['trpc'] {
    return CODES[this.code].trpc;
  }

  /** True when the unchanged call may succeed later. */
  get retryable(): boolean {
    return CODES[this.code].retryable;
  }
}
