import { type Reader, type Transaction, statement } from '@cashback/postgres';
import { lockOrders } from '../orders/lock-orders.ts';

const isOverdue = `poll_at IS NULL AND next_charge_at < now() - $1::integer * interval '1 millisecond'`;
// Each is a partial index. An older release leaves orders that need attention without a time.
const isUnsettled = 'settled_revision < revision AND attention IS NULL';
const needsAttention = 'attention IS NOT NULL';

function pageOf(condition: string): string {
  return `
    SELECT order_id, next_charge_at FROM cashback.order_clears
    WHERE ${condition} AND ${isOverdue} AND next_charge_at >= $3 AND (next_charge_at, order_id) > ($3, $4)
    ORDER BY next_charge_at, order_id LIMIT $2`;
}

/** Where a page ended: the next one begins behind it. */
export interface UnscheduledOrder {
  order_id: string;
  next_charge_at: Date;
}

const findUnscheduledOrdersStatement = statement<UnscheduledOrder>({
  name: 'cashback.find-unscheduled-orders',
  text: `
  SELECT order_id, next_charge_at
  FROM (
    (${pageOf(isUnsettled)})
    UNION ALL
    (${pageOf(needsAttention)})
  ) AS found
  ORDER BY next_charge_at, order_id LIMIT $2`,
  columns: { order_id: 'text!', next_charge_at: 'timestamptz!' },
});

const countDuePollsStatement = statement<{ due: number }>({
  name: 'cashback.count-due-polls',
  text: `
  SELECT count(*)::int AS due
  FROM (SELECT FROM cashback.order_clears WHERE poll_at <= now() AND attention IS NULL LIMIT $1) AS polls`,
  columns: { due: 'int4!' },
});

/** The job of a queued order runs it, so that order only counts as due from now on. */
const scheduleOrdersStatement = statement<{ order_id: string }>({
  name: 'cashback.schedule-orders',
  text: `
  UPDATE cashback.order_clears SET
    next_charge_at = now(),
    poll_at = CASE WHEN order_id = ANY($3::text[]) THEN NULL ELSE now() END,
    due_by = CASE WHEN order_id = ANY($3::text[]) OR due_by = 'balance' THEN due_by ELSE 'sweep' END,
    updated_at = now()
  WHERE order_id = ANY($2::text[]) AND (${isUnsettled} OR ${needsAttention}) AND ${isOverdue}
  RETURNING order_id`,
  columns: { order_id: 'text' },
});

/**
 * A page of orders that are unsettled or need attention, have no time of their own and have been due for longer than
 * `grace_ms`. Longest due first, behind `after`; nothing is locked. Such an order may have a job.
 */
export async function findUnscheduledOrders(
  reader: Reader,
  { grace_ms, limit, after }: { grace_ms: number; limit: number; after: UnscheduledOrder | null },
): Promise<UnscheduledOrder[]> {
  const { next_charge_at, order_id } = after ?? { next_charge_at: new Date(0), order_id: '' };
  return findUnscheduledOrdersStatement.rows(reader, [grace_ms, limit, next_charge_at, order_id]);
}

/**
 * How many orders are due for a poll now; counts no further than `limit`. Those that need attention are left out: they
 * are polled on, slowly, behind all others, so no work has to wait for them.
 */
export async function countDuePolls(reader: Reader, limit: number): Promise<number> {
  const [row] = await countDuePollsStatement.rows(reader, [limit]);
  return row?.due ?? 0;
}

/**
 * Makes the polls of those orders due now that are still unscheduled and have no job, by `queued`. Returns them. The
 * others with a job count as due only now, so that the next search finds others first.
 */
export async function scheduleOrders(
  tx: Transaction,
  {
    grace_ms,
    order_ids,
    queued,
  }: { grace_ms: number; order_ids: readonly string[]; queued: ReadonlySet<string> },
): Promise<string[]> {
  if (order_ids.length === 0) return [];
  await lockOrders(tx, order_ids);
  const rows = await scheduleOrdersStatement.rows(tx.client, [grace_ms, order_ids, [...queued]]);
  return rows.map(({ order_id }) => order_id).filter((orderId) => !queued.has(orderId));
}
