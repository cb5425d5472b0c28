import type { CashbackErrorCode, InputIssue } from '@cashback/contract';

/**
 * Codes of the server's domain, and besides them:
 * - `UNAUTHORIZED`, `FORBIDDEN`: the token is not known, or lacks the scope;
 * - `UNREACHABLE`: no whole answer came within the timeout and the retries. The call may have taken effect; every
 *   call of this client is safe to repeat;
 * - `UNEXPECTED_ANSWER`: something else than a cashback server answers at the URL;
 * - `CLOSED`: the client was closed before the call;
 * - `INTERNAL`: a fault of the server, its log has the cause;
 * - others of the router, such as `PAYLOAD_TOO_LARGE`, `NOT_FOUND`.
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

/** The one error that calls of the client throw. */
export class CashbackClientError extends Error {
  override readonly name = 'CashbackClientError';
  readonly code: CashbackClientErrorCode;
  /** The same call may succeed later. After `REVISION_CONFLICT` the revision must be read anew before. */
  readonly retryable: boolean;
  /** What a program may want to know, by code; e.g. `{ expected_revision, revision }` of `REVISION_CONFLICT`. */
  readonly details: Record<string, unknown>;
  /** What is wrong with the input, field by field; of `BAD_REQUEST`. */
  readonly issues: InputIssue[];

  constructor(code: CashbackClientErrorCode, message: string, fields: ErrorFields) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.code = code;
    this.retryable = fields.retryable;
    this.details = fields.details ?? {};
    this.issues = fields.issues ?? [];
  }
}
