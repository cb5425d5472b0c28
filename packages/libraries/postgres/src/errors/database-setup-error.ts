import { asError, errorCode, isUnavailable, rootMessage } from './errors.ts';

/** The database is not what the app needs, for a reason outside of the app; the message says what to do. */
export class DatabaseSetupError extends Error {
  override readonly name = 'DatabaseSetupError';
  /** A process that ends because of it prints no stack. */
  readonly expected = true;
}

const notMigratedCodes = new Set([
  '3F000', // no such schema
  '42P01', // no such table
  '42703', // no such column
  '42883', // no such function
  '42704', // no such role, or another object
  '22023', // no such role, asked for as a connection is made
  '42501', // no privilege
]);
const notMigratedJobs = /^pg-boss (is not installed|database requires migrations)/;

/**
 * The error to throw when a start fails in `what` ("cannot ..."): a `DatabaseSetupError` when the database is down or was
 * not migrated, otherwise the error itself.
 */
export function asSetupError(what: string, error: unknown): Error {
  const reason = rootMessage(error);
  if (isUnavailable(error)) return new DatabaseSetupError(`${what}: ${reason}`, { cause: error });
  if (!notMigratedCodes.has(errorCode(error) ?? '') && !notMigratedJobs.test(reason)) return asError(error);
  return new DatabaseSetupError(
    `${what}: ${reason}. Run \`pnpm migrate\` on this database first, and see that this login is a member of the app's role.`,
    { cause: error },
  );
}
