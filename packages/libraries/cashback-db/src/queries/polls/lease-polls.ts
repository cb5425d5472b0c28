import { type Transaction, statement } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

const leasePollsStatement = statement({
  name: 'cashback.lease-polls',
  text: `
  UPDATE cashback.order_clears SET poll_at = now() + $2::integer * interval '1 millisecond'
  WHERE order_id = ANY($1::text[]) AND poll_at IS NULL`,
  columns: {},
});

/**
 * Leases orders that a worker reconciles without having claimed them: if it dies, they are due after `lease_ms`. An
 * order that has a time of its own stays as it is.
 */
export async function leasePolls(
  tx: Transaction,
  orderIds: readonly string[],
  lease_ms: number,
): Promise<void> {
  if (orderIds.length === 0) return;
  await lockOrders(tx, orderIds);
  await leasePollsStatement.run(tx.client, [orderIds, lease_ms]);
}
