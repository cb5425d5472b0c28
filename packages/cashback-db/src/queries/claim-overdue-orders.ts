import type { Transaction } from '@cashback/postgres';
import { lockOrders } from './lock-orders.ts';

const overdue = `
  settled_revision < revision AND attention IS NULL
  AND next_charge_at < now() - $1::integer * interval '1 millisecond'`;

const findText = `
  SELECT order_id FROM cashback.order_clears WHERE ${overdue} ORDER BY next_charge_at LIMIT $2`;

/** Who has a job in the queue gets his turn there: he is looked for again later. */
const claimText = `
  UPDATE cashback.order_clears SET
    next_charge_at = now(),
    poll_at = CASE WHEN order_id = ANY($3::text[]) THEN poll_at ELSE now() END,
    updated_at = now()
  WHERE order_id = ANY($2::text[]) AND ${overdue}
  RETURNING order_id`;

export interface OverdueOrders {
  found: number;
  /** Those that no job stands for: their polls are due from now on. */
  forgotten: string[];
}

/**
 * A page of orders that are neither settled nor in need of attention, and that nobody looked at when they were due:
 * they count as due only now, so that no other sweep takes them meanwhile. Longest overdue first. `findQueued` tells
 * which of them have a job.
 */
export async function claimOverdueOrders(
  tx: Transaction,
  { grace_ms, limit }: { grace_ms: number; limit: number },
  findQueued: (orderIds: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<OverdueOrders> {
  const found = await tx.client.query<{ order_id: string }>({
    name: 'cashback.claim-overdue-orders.find',
    text: findText,
    values: [grace_ms, limit],
  });
  const orderIds = found.rows.map(({ order_id }) => order_id);
  if (orderIds.length === 0) return { found: 0, forgotten: [] };
  const queued = await findQueued(orderIds);
  await lockOrders(tx, orderIds);
  const claimed = await tx.client.query<{ order_id: string }>({
    name: 'cashback.claim-overdue-orders.claim',
    text: claimText,
    values: [grace_ms, orderIds, [...queued]],
  });
  const forgotten = claimed.rows.map(({ order_id }) => order_id).filter((orderId) => !queued.has(orderId));
  return { found: orderIds.length, forgotten };
}
