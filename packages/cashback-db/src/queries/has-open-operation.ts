import type { Reader } from './reader.ts';

const text = 'SELECT 1 FROM cashback.order_clears WHERE order_id = $1 AND operation_id = $2';

/** Whether the order exists and this operation of it is not known to be finished. */
export async function hasOpenOperation(
  reader: Reader,
  orderId: string,
  operationId: string,
): Promise<boolean> {
  const { rowCount } = await reader.query({
    name: 'cashback.has-open-operation',
    text,
    values: [orderId, operationId],
  });
  return rowCount === 1;
}
