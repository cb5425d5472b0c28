import { CashbackError, type CashbackServices, type RegisterInput } from '@cashback/contract';
import { type Database, explainDatabaseError } from '@cashback/postgres';
import type { Log } from '@cashback/service';
import { withTimeout } from '@cashback/timing';
import {
  reportAttention,
  resumeAttention,
  showAttention,
  showAttentionCount,
} from './procedures/attention.ts';
import { listHeldOrders, releaseHeldOrders } from './procedures/breaker.ts';
import { changeOrderPayee } from './procedures/change-payee.ts';
import { showConvergence } from './procedures/convergence.ts';
import { getRates } from './procedures/get-rates.ts';
import { listEvents } from './procedures/events.ts';
import { showOrder } from './procedures/order.ts';
import { putRates } from './procedures/put-rates.ts';
import { reconcile } from './procedures/reconcile.ts';
import { type RegisterOptions, createRegister } from './register/create-register.ts';

interface ServicesOptions {
  database: Database;
  register: RegisterOptions;
  log: Log;
  /** Each call is answered within this time. */
  call_timeout_ms: number;
}

/** The functions behind the router. An unavailable database becomes an error that callers can act on. */
export function createServices(options: ServicesOptions): CashbackServices {
  const { database, register, log, call_timeout_ms } = options;
  async function guard<Output>(procedure: string, work: Promise<Output>): Promise<Output> {
    try {
      return await withTimeout(work, call_timeout_ms, () => {
        throw noAnswer();
      });
    } catch (error) {
      const explained = explainDatabaseError(error);
      if (explained === undefined) throw error;
      const { code, message } = explained;
      log.warn({ err: error, procedure, code }, 'call failed');
      throw new CashbackError(code, message);
    }
  }
  const { pool } = database;
  const registerCall = createRegister(register);
  const registerOne = (input: RegisterInput) => guard('register', registerCall(input));
  return {
    register: registerOne,
    registerMany: (inputs) => Promise.allSettled(inputs.map(registerOne)),
    events: (input) => guard('events', listEvents(pool, input)),
    order: (input) => guard('order', showOrder(pool, input)),
    convergence: (input) => guard('convergence', showConvergence(pool, input)),
    reconcile: (input) => guard('reconcile', reconcile(database, input)),
    listAttention: (input) => guard('attention.list', showAttention(pool, input)),
    countAttention: (input) => guard('attention.count', showAttentionCount(pool, input)),
    resumeAttention: (input, caller) =>
      guard('attention.resume', resumeAttention(input, { database, log, caller })),
    reportAttention: (input) => guard('attention.report', reportAttention(database, input)),
    changePayee: (input, caller) => guard('change_payee', changeOrderPayee(register, input, caller)),
    listHeld: (input) => guard('breaker.list', listHeldOrders(pool, input)),
    releaseHeld: (input, caller) => guard('breaker.release', releaseHeldOrders(register, input, caller)),
    putRates: (input) => guard('rates.put', putRates(pool, input)),
    getRates: (input) => guard('rates.get', getRates(pool, input)),
  };
}

/** Its work may still go on, and end with either outcome. */
function noAnswer(): CashbackError {
  return new CashbackError(
    'DATABASE_UNAVAILABLE',
    'no answer was ready in time; whether the call took effect is not known, repeat it unchanged',
  );
}
