import type { Transaction } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

/** An order whose open operation is to be asked about sooner than it was going to be. */
export interface SoonerPoll {
  order_id: string;
  operation_id: string;
  in_ms: number;
}

const text = `
  UPDATE cashback.order_clears AS stored SET
    poll_at = least(stored.poll_at, now() + input.in_ms * interval '1 millisecond'),
    next_charge_at = least(stored.next_charge_at, now() + input.in_ms * interval '1 millisecond')
  FROM unnest($1::text[], $2::text[], $3::integer[]) AS input (order_id, operation_id, in_ms)
  WHERE stored.order_id = input.order_id AND stored.operation_id = input.operation_id AND stored.poll_at IS NOT NULL`;

/** Of distinct orders, those that still have that operation open, and stand to be looked at again by themselves. */
export async function hastenPolls(tx: Transaction, sooner: readonly SoonerPoll[]): Promise<void> {
  if (sooner.length === 0) return;
  const orderIds = sooner.map(({ order_id }) => order_id);
  await lockOrders(tx, orderIds);
  await tx.client.query({
    name: 'cashback.hasten-polls',
    text,
    values: [
      orderIds,
      sooner.map(({ operation_id }) => operation_id),
      sooner.map(({ in_ms }) => Math.round(in_ms)),
    ],
  });
}
