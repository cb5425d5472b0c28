import { CashbackError, type RegisterInput, type RegisterOutput } from '@cashback/contract';
import { type Database, type Jobs, isUnavailable, withTransaction } from '@cashback/postgres';
import { createBatcher } from '@cashback/service';
import type { BreakerBounds } from './decide-holds.ts';
import { registerOrders } from './register-orders.ts';

/*
 *   call   call   call                      waits for a free transaction, within `max_pending`
 *     \      |      /
 *      createBatcher                        a batch holds each order once; calls of one order keep their order
 *            |
 *   withTransaction( registerOrders )
 *     lock      insertOrders                writes new orders, locks the others, all by id (planLocks, rowsToLock)
 *     load      loadOrders                  a later statement, which sees what the locks waited for
 *     decide    planRegisters               pure: all that is written, and all answers
 *     apply     updateOrders, resumeOrders, insertEvents
 *     enqueue   jobs.enqueue                one job for each order
 *     hold      holdGrowth                  targets that take their service beyond its bound (decideHolds)
 *   commit
 *     /      |      \
 *  answer answer  answer                    an output or an error for each call
 *
 * A batch that fails is rolled back whole, and its calls are retried one by one, beside the batches that follow.
 */

export interface RegisterOptions {
  database: Pick<Database, 'pool'>;
  jobs: Jobs;
  /** By service; absent: none. */
  breaker?: BreakerBounds;
  /** Most calls in one transaction. */
  group_size: number;
  /** Most batches that run at once; as many calls of failed batches run beside them. */
  concurrency: number;
  /** Most calls that wait or run; further ones are refused immediately. */
  max_pending: number;
  /** The same for the calls of one order, so that it leaves room for the others. */
  max_pending_per_order: number;
}

/**
 * Stores the cashback that an order should carry and queues the job that rewards it: both or neither. Repeating a call
 * is harmless; on an order that needs attention it asks for another attempt. Throws SUM_MISMATCH, IMMUTABLE_FIELD,
 * SOURCE_SPLIT_REQUIRED, EXPECTED_REVISION_REQUIRED, UNKNOWN_SOURCE, SUM_CONTRADICTS_EVENTS, REVISION_CONFLICT, REVISION_EXHAUSTED, and OVERLOADED before the
 * call is tried.
 */
export function createRegister(options: RegisterOptions): (input: RegisterInput) => Promise<RegisterOutput> {
  const { database, jobs, breaker, group_size, concurrency, max_pending, max_pending_per_order } = options;
  const registerInBatch = createBatcher<RegisterInput, RegisterOutput | CashbackError>({
    keyOf: ({ order_id }) => order_id,
    max_size: group_size,
    concurrency,
    run: (inputs) => withTransaction(database, (tx) => registerOrders(tx, jobs, inputs, breaker)),
    // Without a database each call would only wait for it again, alone.
    retryIndividually: (error) => !isUnavailable(error),
    bound: {
      max_items: max_pending,
      refusal: () =>
        new CashbackError(
          'OVERLOADED',
          `${max_pending} registers wait already, and this one was not tried: repeat it later`,
        ),
      per_key: {
        max_items: max_pending_per_order,
        refusal: (orderId) =>
          new CashbackError(
            'OVERLOADED',
            `${max_pending_per_order} registers of order ${orderId} wait already, and this one was not tried: repeat it later`,
          ),
      },
    },
  });
  return async (input) => {
    const result = await registerInBatch(input);
    if (result instanceof CashbackError) throw result;
    return result;
  };
}
