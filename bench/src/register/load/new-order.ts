import type { RegisterInput } from '@cashback/client';

/** A first register of an order with two sources and no receipt, as the plain way writes it. */
export function newOrder(order_id: string): RegisterInput {
  const payee = String(between(100_000_000, 999_999_999));
  return {
    order_id,
    service: 'yellow',
    user_id: payee,
    wallet_id: payee,
    currency: 'USD',
    invoice_version: 1,
    cleared_sum: `${between(100, 9999)}.00`,
    cashback_by_source: [
      { source: 'user', value: `${between(1, 50)}.00` },
      { source: 'service', value: `${between(1, 50)}.00` },
    ],
  };
}

function between(lowest: number, highest: number): number {
  return lowest + Math.floor(Math.random() * (highest - lowest + 1));
}
