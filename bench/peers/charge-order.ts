import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { type StoredOrder, readOrder, recordOperation, recordRetry, settleOrder } from './order-rows.ts';
import { pollDelayMs } from './poll-delay.ts';
import type { Cashback, Reward, TransactionsClient } from './transactions-client.ts';

/**
 * Charges one order the usual way, one observation per run of its job: read its row, retrieve its invoice, then settle
 * it, or record an operation and send it. Returns the delay of the next run in ms; null when the order is settled.
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
    return pollDelayMs(order.unsettled_since.getTime());
  const open = cashback.operations.find(({ operation_id }) => operation_id === order.operation_id);
  if (open !== undefined || order.operation_id === null) {
    if (equalRewards(cashback.rewarded, order.target)) {
      await settleOrder(database, order, cashback.rewarded);
      return null;
    }
    if (open !== undefined) await recordRetry(database, order, cashback.rewarded);
  }
  await transactions.update(order, await operationOf(database, order, cashback));
  return pollDelayMs(order.unsettled_since.getTime());
}

/** The open operation, whose request was lost, or a new one, recorded before its request is sent. */
async function operationOf(database: Pool, order: StoredOrder, { version }: Cashback) {
  if (order.operation !== null && order.operation_id !== null) return order.operation;
  const operation = { operation_id: randomUUID(), version, reward: order.target };
  await recordOperation(database, order, operation);
  return operation;
}

function equalRewards(one: Reward, other: Reward): boolean {
  const amounts = (reward: Reward) =>
    reward
      .filter(({ amount }) => /[1-9]/.test(amount))
      .map(({ source, amount }) => `${source} ${amount}`)
      .toSorted()
      .join();
  return amounts(one) === amounts(other);
}
