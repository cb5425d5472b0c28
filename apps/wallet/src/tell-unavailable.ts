import { CashbackError } from '@cashback/contract';
import { isUnavailable } from '@cashback/postgres';

/** Throws the error on; as `DATABASE_UNAVAILABLE` when the database could not be reached. */
export function tellUnavailable(error: unknown): never {
  if (!isUnavailable(error)) throw error;
  const message =
    'the database does not answer; whether the call took effect is not known, repeat it unchanged';
  throw new CashbackError('DATABASE_UNAVAILABLE', message);
}
