import { CashbackError, type CashbackServices } from '@cashback/contract';
import { type Database, type Jobs, errorCode, isUnavailable } from '@cashback/postgres';
import type { Log } from '@cashback/service';
import { getRates } from './procedures/get-rates.ts';
import { listEvents } from './procedures/events.ts';
import { showOrder } from './procedures/order.ts';
import { putRates } from './procedures/put-rates.ts';
import { register } from './procedures/register.ts';

interface ServicesOptions {
  database: Database;
  jobs: Jobs;
  log: Log;
}

/** What stands behind the router. Trouble of the database becomes an error that callers can act on. */
export function createServices({ database, jobs, log }: ServicesOptions): CashbackServices {
  async function guard<Output>(procedure: string, work: Promise<Output>): Promise<Output> {
    try {
      return await work;
    } catch (error) {
      const told = toCashbackError(error);
      if (told === undefined) throw error;
      if (told !== error)
        log.warn({ err: error, procedure, code: told.code }, 'the database did not do its part');
      throw told;
    }
  }
  const { pool } = database;
  return {
    register: (input) => guard('register', register(database, jobs, input)),
    events: (input) => guard('events', listEvents(pool, input)),
    order: (input) => guard('order', showOrder(pool, input)),
    putRates: (input) => guard('rates.put', putRates(pool, input)),
    getRates: (input) => guard('rates.get', getRates(pool, input)),
  };
}

const OVERLOAD_CODES = new Set([
  '55P03', // waited too long for a lock
  '57014', // statement took too long
  '40P01', // deadlock, also when tried again
]);

/** Undefined: a fault of ours, which is masked. */
function toCashbackError(error: unknown): CashbackError | undefined {
  if (error instanceof CashbackError) return error;
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
