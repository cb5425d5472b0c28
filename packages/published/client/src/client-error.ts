import type { CashbackErrorCode, InputIssue, ItemError } from '@cashback/contract';

/**
 * Codes of the server's domain, and:
 * - `UNAUTHORIZED`, `FORBIDDEN`: the token is unknown, or lacks the scope;
 * - `UNREACHABLE`: no complete answer within the timeout and the retries. The call may have taken effect; every call of
 *   this client is safe to repeat;
 * - `UNEXPECTED_ANSWER`: the URL is not a cashback server's;
 * - `CLOSED`: the client was closed before the call;
 * - `INTERNAL`: a fault of the server, its log has the cause;
 * - other codes of the router, such as `PAYLOAD_TOO_LARGE`, `NOT_FOUND`.
 */
export type CashbackClientErrorCode =
  | CashbackErrorCode
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'UNREACHABLE'
  | 'UNEXPECTED_ANSWER'
  | 'CLOSED'
  | 'INTERNAL'
  | (string & {});

interface ErrorFields {
  retryable: boolean;
  details?: Record<string, unknown>;
  issues?: InputIssue[];
  cause?: unknown;
}

/** The only error that calls of the client throw. */
export class CashbackClientError extends Error {
  override readonly name = 'CashbackClientError';
  readonly code: CashbackClientErrorCode;
  /** The same call may succeed later. After `REVISION_CONFLICT`, read the revision again first. */
  readonly retryable: boolean;
  /** For programs, by code: `{ expected_revision, revision }` of `REVISION_CONFLICT`, for example. */
  readonly details: Record<string, unknown>;
  /** The problems of the input, field by field; for `BAD_REQUEST`. */
  readonly issues: InputIssue[];

  constructor(code: CashbackClientErrorCode, message: string, fields: ErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.retryable = fields.retryable;
    this.details = fields.details ?? {};
    this.issues = fields.issues ?? [];
  }
}

/** What the server answers about a call. */
export function refusedCall({ code, message, ...fields }: ItemError): CashbackClientError {
  return new CashbackClientError(code, message, fields);
}

/** No whole answer came, so the call may have taken effect. */
export function unreachable(origin: string, reason: string, cause?: unknown): CashbackClientError {
  return new CashbackClientError(
    'UNREACHABLE',
    `${origin} did not answer: ${reason}; the call may have taken effect and is safe to repeat`,
    { retryable: true, cause },
  );
}
