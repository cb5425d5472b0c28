import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { type StoredOrder, readOrder, recordOperation, recordRetry, settleOrder } from './order-rows.ts';
import { lookAgainMs } from './look-again.ts';
import type { Cashback, Reward, TransactionsClient } from './transactions-client.ts';

/**
 * The charge of one order the usual way, a look at a time: read its row, ask for its invoice, and settle it, or write
 * an operation down and send it. Returns how long until the job of the order is to run again; null when it is done.
 */
export async function chargeOrder(
  database: Pool,
  transactions: TransactionsClient,
  orderId: string,
): Promise<number | null> {
  const order = await readOrder(database, orderId);
  if (order.settled_revision === order.revision) return null;
  const cashback = await transactions.retrieve(orderId);
  if (cashback.status === 'init' || cashback.status === 'in-progress')
    return lookAgainMs(order.unsettled_since.getTime());
  const open = cashback.operations.find(({ operation_id }) => operation_id === order.operation_id);
  if (open !== undefined || order.operation_id === null) {
    if (equalRewards(cashback.rewarded, order.target)) {
      await settleOrder(database, order, cashback.rewarded);
      return null;
    }
    if (open !== undefined) await recordRetry(database, order, cashback.rewarded);
  }
  await transactions.update(order, await operationOf(database, order, cashback));
  return lookAgainMs(order.unsettled_since.getTime());
}

/** The one that is open, whose request was lost, or a new one, written down before its request leaves. */
async function operationOf(database: Pool, order: StoredOrder, { version }: Cashback) {
  if (order.operation !== null && order.operation_id !== null) return order.operation;
  const operation = { operation_id: randomUUID(), version, reward: order.target };
  await recordOperation(database, order, operation);
  return operation;
}

function equalRewards(one: Reward, other: Reward): boolean {
  const amounts = (reward: Reward) =>
    reward
      .filter(({ amount }) => Number(amount) !== 0)
      .map(({ source, amount }) => `${source} ${amount}`)
      .toSorted()
      .join();
  return amounts(one) === amounts(other);
}
