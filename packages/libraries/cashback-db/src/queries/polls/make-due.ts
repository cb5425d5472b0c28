import type { DriftFinder } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

const makeDueStatement = statement<{ order_id: string }>({
  name: 'cashback.make-due',
  text: `
  UPDATE cashback.order_clears SET
    poll_at = least(poll_at, now()),
    requests = requests + 1,
    due_by = CASE WHEN due_by = 'balance' THEN due_by ELSE $2 END
  WHERE order_id = ANY($1::text[])
  RETURNING order_id`,
  columns: { order_id: 'text' },
});

/**
 * Makes the polls of orders due now, in any state, and states why: settled ones are observed again, too. Returns those
 * that exist. A step that began to observe before the request does not answer it: the order is due again when it ends.
 * `balance` stays until an operation is sent, whatever else makes the order due: the attempt that it asks for is not
 * made yet. The rows keep their `updated_at`, which states when an order last changed.
 */
export async function makeDue(
  tx: Transaction,
  orderIds: readonly string[],
  due_by: DriftFinder,
): Promise<string[]> {
  if (orderIds.length === 0) return [];
  await lockOrders(tx, orderIds);
  const rows = await makeDueStatement.rows(tx.client, [orderIds, due_by]);
  return rows.map(({ order_id }) => order_id);
}
