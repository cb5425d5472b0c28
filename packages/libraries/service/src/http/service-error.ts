/**
 * The fields of an error that is shown to the caller as it is. Structural, so that the errors of a domain need not
 * come from here.
 */
export interface PublicError {
  code: string;
  http_status: number;
  retryable: boolean;
  message: string;
  details?: Record<string, unknown>;
}

interface ServiceErrorOptions {
  code: string;
  http_status: number;
  retryable: boolean;
  details?: Record<string, unknown>;
  cause?: unknown;
}

/** An error of the service itself, rather than of its domain, that its caller may see. */
export class ServiceError extends Error implements PublicError {
  override readonly name = 'ServiceError';
  readonly code: string;
  readonly http_status: number;
  readonly retryable: boolean;
  readonly details: Record<string, unknown>;

  constructor(message: string, { code, http_status, retryable, details = {}, cause }: ServiceErrorOptions) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.http_status = http_status;
    this.retryable = retryable;
    this.details = details;
  }
}

export function isPublicError(error: unknown): error is PublicError {
  if (!(error instanceof Error)) return false;
  const { code, http_status, retryable } = error as Partial<PublicError>;
  return typeof code === 'string' && typeof http_status === 'number' && typeof retryable === 'boolean';
}
