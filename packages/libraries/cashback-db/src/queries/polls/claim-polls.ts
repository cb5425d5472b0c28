import { type Reader, type Transaction, statement } from '@cashback/postgres';
import { CHARGE_ORDER_COLUMNS, CHARGE_ORDER_TYPES, type ChargeOrder } from '../charges/load-charge-orders.ts';
import { lockOrders } from '../orders/lock-orders.ts';

/** Each condition has a partial index. */
function dueOf(condition: string): string {
  return `
    SELECT order_id, poll_at FROM cashback.order_clears
    WHERE poll_at <= now() AND ${condition} AND order_id <> ALL($2::text[]) ORDER BY poll_at LIMIT $1`;
}

const findDuePollsStatement = statement<{ order_id: string }>({
  name: 'cashback.find-due-polls',
  text: `
  SELECT order_id
  FROM (
    SELECT order_id, poll_at, 1 AS turn FROM (${dueOf('attention IS NULL')}) AS live
    UNION ALL
    SELECT order_id, poll_at, CASE WHEN row_number() OVER (ORDER BY poll_at) <= $3 THEN 0 ELSE 2 END AS turn
    FROM (${dueOf('attention IS NOT NULL')}) AS needing_attention
  ) AS due
  ORDER BY turn, poll_at LIMIT $1`,
  columns: { order_id: 'text!' },
});

const claimPollsStatement = statement<ChargeOrder>({
  name: 'cashback.claim-polls',
  text: `
  UPDATE cashback.order_clears SET poll_at = now() + $2::integer * interval '1 millisecond'
  WHERE order_id = ANY($1::text[]) AND poll_at <= now()
  RETURNING ${CHARGE_ORDER_COLUMNS}`,
  columns: CHARGE_ORDER_TYPES,
});

/**
 * Ids of orders whose poll is due, longest due first, except those in `without`. Those that need attention come behind
 * the others, but for `needing_attention` of them: a backlog of either kind holds up nothing of the other one. Nothing is locked.
 */
export async function findDuePolls(
  reader: Reader,
  {
    limit,
    needing_attention,
    without,
  }: { limit: number; needing_attention: number; without: readonly string[] },
): Promise<string[]> {
  const rows = await findDuePollsStatement.rows(reader, [limit, without, needing_attention]);
  return rows.map(({ order_id }) => order_id);
}

/**
 * Claims those of the orders that are still due, and leases them: no other worker claims them for `lease_ms`, and an
 * order whose worker dies is due again afterwards.
 */
export async function claimPolls(
  tx: Transaction,
  { due, lease_ms }: { due: readonly string[]; lease_ms: number },
): Promise<ChargeOrder[]> {
  if (due.length === 0) return [];
  await lockOrders(tx, due);
  const rows = await claimPollsStatement.rows(tx.client, [due, lease_ms]);
  return rows;
}
