import { makeDue } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import type { WorkerContext } from '../../context.ts';
import { inParts, unlocked } from '../claim-orders.ts';

/** Makes orders due, each alone if one of them is locked. Returns those that stay locked. */
export async function makeOrdersDue(
  { database, log }: Pick<WorkerContext, 'database' | 'log'>,
  orderIds: readonly string[],
): Promise<string[]> {
  if (orderIds.length === 0) return [];
  const due = new Set(
    await unlocked(
      await inParts(orderIds, (part) => withTransaction(database, (tx) => makeDue(tx, part, 'feed'))),
    ),
  );
  const left = orderIds.filter((orderId) => !due.has(orderId));
  const [first] = left;
  if (left.length > 0) log.warn({ orders: left.length, first }, 'orders are locked, and made due later');
  return left;
}
