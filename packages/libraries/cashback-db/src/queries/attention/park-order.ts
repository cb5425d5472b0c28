import type { Attention } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

const parkOrderStatement = statement({
  name: 'cashback.park-order',
  text: `
  UPDATE cashback.order_clears SET
    attention = $2,
    attention_code = $3,
    attention_since = CASE WHEN attention IS NULL THEN now() ELSE attention_since END,
    attention_details = $4::jsonb,
    poll_at = now() + $5::integer * interval '1 millisecond',
    next_charge_at = now() + $5::integer * interval '1 millisecond'
  WHERE order_id = $1 AND (attention IS NULL OR attention_code = $3)`,
  columns: {},
});

/**
 * States that an order needs attention without a decision on it, which is what fails. The rest of its row stays, and so
 * does another need for attention.
 */
export async function parkOrder(
  tx: Transaction,
  {
    order_id,
    attention: { code, reason, details },
    poll_in_ms,
  }: { order_id: string; attention: Attention; poll_in_ms: number },
): Promise<void> {
  await lockOrders(tx, [order_id]);
  await parkOrderStatement.run(tx.client, [
    order_id,
    reason,
    code,
    JSON.stringify(details),
    Math.round(poll_in_ms),
  ]);
}
