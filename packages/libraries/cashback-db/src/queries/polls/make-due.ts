import type { DriftFinder } from '@cashback/contract';
import { type Transaction, statement } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

const makeDueStatement = statement<{ order_id: string }>({
  name: 'cashback.make-due',
  text: `
  UPDATE cashback.order_clears SET poll_at = least(poll_at, now()), due_by = $2
  WHERE order_id = ANY($1::text[])
  RETURNING order_id`,
  columns: { order_id: 'text' },
});

/**
 * Makes the polls of orders due now, in any state, and states why: settled ones are observed again, too. Returns those that exist. The
 * rows keep their `updated_at`, which states when an order last changed.
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
