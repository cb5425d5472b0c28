import { errorCode, isUnavailable } from './errors.ts';

const overloadCodes = new Set([
  '55P03', // waited too long for a lock
  '57014', // statement took too long
  '40P01', // deadlock, also when tried again
  '40001', // serialization failure, also when tried again
]);

/** Trouble of the database, in words for the caller; the cause is for the log. */
export class DatabaseTroubleError extends Error {
  override readonly name = 'DatabaseTroubleError';
  readonly code: 'DATABASE_UNAVAILABLE' | 'OVERLOADED';
  readonly http_status = 503;
  readonly retryable = true;

  constructor(code: DatabaseTroubleError['code'], message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * The part of a database error that a caller may see. Undefined: it is explained already (it has an
 * `http_status` of its own), or it is no trouble of the database but a fault of ours.
 */
export function explainDatabaseError(error: unknown): DatabaseTroubleError | undefined {
  if (error instanceof Error && 'http_status' in error) return undefined;
  if (isUnavailable(error)) {
    return new DatabaseTroubleError(
      'DATABASE_UNAVAILABLE',
      'the database does not answer; whether the call took effect is not known, repeat it unchanged',
      error,
    );
  }
  if (overloadCodes.has(errorCode(error) ?? '')) {
    return new DatabaseTroubleError(
      'OVERLOADED',
      'the database did not get to it in time, nothing was changed; repeat the call later',
      error,
    );
  }
  return undefined;
}
