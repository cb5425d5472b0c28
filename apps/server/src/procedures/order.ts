import { findOrder } from '@cashback/cashback-db';
import type { OrderInput, OrderOutput } from '@cashback/contract';
import type { Reader } from '@cashback/postgres';
import { shownOrder } from './shown-order.ts';

/** An order, from the tables alone. Throws ORDER_NOT_FOUND, and UNKNOWN_SOURCE. */
export async function showOrder(reader: Reader, { order_id }: OrderInput): Promise<OrderOutput> {
  return shownOrder(order_id, await findOrder(reader, order_id), new Date());
}
