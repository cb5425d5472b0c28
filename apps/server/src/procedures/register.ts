import { CashbackError, type RegisterInput, type RegisterOutput } from '@cashback/contract';
import { type Database, type Jobs, withTransaction } from '@cashback/postgres';
import { registerOrders } from '../register-orders.ts';

/**
 * Stores the cashback that an order should carry, and queues the work of bringing it about: both or neither.
 * Repeating a call is harmless; for an order that needs attention it is the word to try again. Throws SUM_MISMATCH, IMMUTABLE_FIELD, SOURCE_SPLIT_REQUIRED, REVISION_CONFLICT.
 */
export async function register(
  database: Database,
  jobs: Jobs,
  input: RegisterInput,
): Promise<RegisterOutput> {
  const [result] = await withTransaction(database, (tx) => registerOrders(tx, jobs, [input]));
  if (result === undefined) throw new Error(`register of ${input.order_id} has no result`);
  if (result instanceof CashbackError) throw result;
  return result;
}
