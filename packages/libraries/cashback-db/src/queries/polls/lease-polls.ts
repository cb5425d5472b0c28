import type { Transaction } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

const text = `
  UPDATE cashback.order_clears SET poll_at = now() + $2::integer * interval '1 millisecond'
  WHERE order_id = ANY($1::text[]) AND poll_at IS NULL
    AND (operation_id IS NOT NULL OR (settled_revision < revision AND attention IS NULL))`;

/** Orders that somebody looks at are looked at again after `lease_ms`, unless they come to rest or are polled before. */
export async function leasePolls(
  tx: Transaction,
  orderIds: readonly string[],
  lease_ms: number,
): Promise<void> {
  if (orderIds.length === 0) return;
  await lockOrders(tx, orderIds);
  await tx.client.query({ name: 'cashback.lease-polls', text, values: [orderIds, lease_ms] });
}
