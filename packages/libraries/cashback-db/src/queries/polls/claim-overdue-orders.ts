import type { Reader, Transaction } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

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

/**
 * Ids of a page of orders that are neither settled nor in need of attention, and that nobody looked at when they were
 * due. Longest overdue first; nothing is locked.
 */
export async function findOverdueOrders(
  reader: Reader,
  { grace_ms, limit }: { grace_ms: number; limit: number },
): Promise<string[]> {
  const { rows } = await reader.query<{ order_id: string }>({
    name: 'cashback.find-overdue-orders',
    text: findText,
    values: [grace_ms, limit],
  });
  return rows.map(({ order_id }) => order_id);
}

/**
 * Those of the orders that are overdue still count as due only now, so that no other sweep takes them meanwhile.
 * Returns those that no job stands for, by `queued`: their polls are due from now on.
 */
export async function claimOverdueOrders(
  tx: Transaction,
  {
    grace_ms,
    order_ids,
    queued,
  }: { grace_ms: number; order_ids: readonly string[]; queued: ReadonlySet<string> },
): Promise<string[]> {
  if (order_ids.length === 0) return [];
  await lockOrders(tx, order_ids);
  const { rows } = await tx.client.query<{ order_id: string }>({
    name: 'cashback.claim-overdue-orders',
    text: claimText,
    values: [grace_ms, order_ids, [...queued]],
  });
  return rows.map(({ order_id }) => order_id).filter((orderId) => !queued.has(orderId));
}
