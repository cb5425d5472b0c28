import { CashbackError, type RegisterInput, type RegisterOutput } from '@cashback/contract';
import { type Database, type Jobs, isUnavailable, withTransaction } from '@cashback/postgres';
import { createBatcher } from '@cashback/service';
import { registerOrders } from './register-orders.ts';

export interface RegisterOptions {
  database: Pick<Database, 'pool'>;
  jobs: Jobs;
  /** Most calls in one transaction. */
  group_size: number;
  /** How many such transactions run at once; as many single calls again, those of groups that failed. */
  concurrency: number;
  /** Most calls that wait or run; further ones are refused at once. */
  max_pending: number;
}

/**
 * Stores the cashback that an order should carry, and queues the work of bringing it about: both or neither.
 * Repeating a call is harmless; for an order that needs attention it is the word to try again. Throws SUM_MISMATCH,
 * IMMUTABLE_FIELD, SOURCE_SPLIT_REQUIRED, REVISION_CONFLICT, REVISION_EXHAUSTED, and OVERLOADED before anything was
 * tried.
 *
 * Calls that are in flight together share a transaction, so that they share its commit; each has an answer of its
 * own, and those of one order take effect in the order in which they came.
 */
export function createRegister(options: RegisterOptions): (input: RegisterInput) => Promise<RegisterOutput> {
  const { database, jobs, group_size, concurrency, max_pending } = options;
  const registerTogether = createBatcher<RegisterInput, RegisterOutput | CashbackError>({
    keyOf: ({ order_id }) => order_id,
    max_size: group_size,
    concurrency,
    run: (inputs) => withTransaction(database, (tx) => registerOrders(tx, jobs, inputs)),
    // Without a database each would only wait for it again, alone.
    retryIndividually: (error) => !isUnavailable(error),
    bound: {
      max_items: max_pending,
      refusal: () =>
        new CashbackError(
          'OVERLOADED',
          `${max_pending} registers are waiting already, this one was not looked at; repeat it later`,
        ),
    },
  });
  return async (input) => {
    const result = await registerTogether(input);
    if (result instanceof CashbackError) throw result;
    return result;
  };
}
