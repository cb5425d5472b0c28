import type { Transaction } from '@cashback/postgres';
import { lockOrders } from './lock-orders.ts';

const overdue = `
  settled_revision < revision AND attention IS NULL
  AND next_charge_at < now() - $1::integer * interval '1 millisecond'`;

const findText = `
  SELECT order_id FROM cashback.order_clears WHERE ${overdue} ORDER BY next_charge_at LIMIT $2`;

const claimText = `
  UPDATE cashback.order_clears SET next_charge_at = now(), updated_at = now()
  WHERE order_id = ANY($2::text[]) AND ${overdue}
  RETURNING order_id`;

/**
 * A page of orders that are neither settled nor in need of attention, and that nobody looked at when they were due:
 * they are due again from now on, so that no other sweep takes them meanwhile. Longest overdue first.
 */
export async function claimOverdueOrders(
  tx: Transaction,
  { grace_ms, limit }: { grace_ms: number; limit: number },
): Promise<string[]> {
  const found = await tx.client.query<{ order_id: string }>({
    name: 'cashback.claim-overdue-orders.find',
    text: findText,
    values: [grace_ms, limit],
  });
  if (found.rows.length === 0) return [];
  const orderIds = found.rows.map(({ order_id }) => order_id);
  await lockOrders(tx, orderIds);
  const claimed = await tx.client.query<{ order_id: string }>({
    name: 'cashback.claim-overdue-orders.claim',
    text: claimText,
    values: [grace_ms, orderIds],
  });
  return claimed.rows.map(({ order_id }) => order_id);
}
