import { formatAmount } from '@cashback/contract';

/** An order to charge. All of it follows from its id, so a stand-in for its invoice needs no state. */
export interface BenchOrder {
  order_id: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  /** Of both sources. */
  target: { source: 'user' | 'service'; amount: string }[];
}

const PAYEE_DIGITS = 9;
const AMOUNTS = 50n;
const ONE = 10_000n;

/** Expects an id of at least 16 digits. */
export function benchOrder(order_id: string): BenchOrder {
  const payee = order_id.slice(-PAYEE_DIGITS);
  const drawn = BigInt(payee);
  return {
    order_id,
    user_id: payee,
    wallet_id: payee,
    currency: 'USD',
    target: [
      { source: 'user', amount: formatAmount((1n + (drawn % AMOUNTS)) * ONE) },
      { source: 'service', amount: formatAmount((1n + ((drawn / AMOUNTS) % AMOUNTS)) * ONE) },
    ],
  };
}
