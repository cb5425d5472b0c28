import type { DemoOrder } from '../orders/order.ts';

const ORDERS_PER_USER = 3;

/** The user and wallet that get the cashback. Users have several orders, so that wallets see concurrent changes. */
export function payeeOf(
  run: string,
  order: DemoOrder,
): { user_id: string; wallet_id: string; currency: string } {
  const user = Math.floor(order.number / ORDERS_PER_USER);
  return { user_id: `${run}-user-${user}`, wallet_id: `${run}-wallet-${user}`, currency: 'USD' };
}

/** Ids contain the run, so runs on kept data never share an order. */
export function orderIdOf(run: string, order: DemoOrder): string {
  return `${run}-${order.service}-${order.number}`;
}
