import { CHARGE_ORDER_COLUMNS, type ChargeOrder } from '../operations/load-charge-orders.ts';
import type { Reader } from '@cashback/postgres';

/** An order whose open operation is said to have ended. */
export interface WantedPoll {
  order_id: string;
  operation_id: string;
}

const text = `
  SELECT ${CHARGE_ORDER_COLUMNS} FROM cashback.order_clears
  WHERE order_id = ANY($1::text[]) AND (order_id, operation_id) IN
    (SELECT order_id, operation_id FROM unnest($1::text[], $2::text[]) AS wanted (order_id, operation_id))`;

/**
 * The orders that have the operation open that they are wanted for. They are not taken from anybody: their own polls
 * stand, and are far off as long as callbacks are awaited.
 */
export async function loadWantedOrders(
  reader: Reader,
  wanted: readonly WantedPoll[],
): Promise<ChargeOrder[]> {
  if (wanted.length === 0) return [];
  const { rows } = await reader.query<ChargeOrder>({
    name: 'cashback.load-wanted-orders',
    text,
    values: [wanted.map(({ order_id }) => order_id), wanted.map(({ operation_id }) => operation_id)],
  });
  return rows;
}
