import {
  CHARGE_ORDER_COLUMNS,
  CHARGE_ORDER_TYPES,
  type ChargeOrder,
} from '../operations/load-charge-orders.ts';
import { type Reader, statement } from '@cashback/postgres';

/** A request to poll an order now, because its open operation is said to have ended. */
export interface PollRequest {
  order_id: string;
  operation_id: string;
}

const loadRequestedOrdersStatement = statement<ChargeOrder>({
  name: 'cashback.load-requested-orders',
  text: `
  SELECT ${CHARGE_ORDER_COLUMNS} FROM cashback.order_clears
  WHERE order_id = ANY($1::text[]) AND (order_id, operation_id) IN
    (SELECT order_id, operation_id FROM unnest($1::text[], $2::text[]) AS requested (order_id, operation_id))`,
  columns: CHARGE_ORDER_TYPES,
});

/**
 * The orders that still have the operation of their request open. Nothing is claimed: their own polls stay, and are far
 * off as long as a callback is expected.
 */
export async function loadRequestedOrders(
  reader: Reader,
  requests: readonly PollRequest[],
): Promise<ChargeOrder[]> {
  if (requests.length === 0) return [];
  const rows = await loadRequestedOrdersStatement.rows(reader, [
    requests.map(({ order_id }) => order_id),
    requests.map(({ operation_id }) => operation_id),
  ]);
  return rows;
}
