import { CashbackError } from '@cashback/contract';
import { errorCode, isUnavailable } from '@cashback/postgres';
import type { Log } from '@cashback/service';

const OVERLOAD_CODES = new Set([
  '55P03', // waited too long for a lock
  '57014', // statement took too long
  '40P01', // deadlock, also when tried again
]);

/** Runs the work of a route; trouble of the database becomes an error that its caller can act on. */
export async function tellUnavailable<Answer>(
  log: Log,
  path: string,
  work: Promise<Answer>,
): Promise<Answer> {
  try {
    return await work;
  } catch (error) {
    const told = toldOf(error);
    if (told === undefined) throw error;
    log.warn({ err: error, path, code: told.code }, 'the database did not do its part');
    throw told;
  }
}

/** Undefined: told already, or a fault of ours, which is masked. */
function toldOf(error: unknown): CashbackError | undefined {
  if (error instanceof CashbackError) return undefined;
  if (isUnavailable(error)) {
    return new CashbackError(
      'DATABASE_UNAVAILABLE',
      'the database does not answer; whether the call took effect is not known, repeat it unchanged',
    );
  }
  if (OVERLOAD_CODES.has(errorCode(error) ?? '')) {
    return new CashbackError(
      'OVERLOADED',
      'the database did not get to it in time, nothing was changed; repeat the call later',
    );
  }
  return undefined;
}
