import { parseBalance } from '@cashback/contract';
import type { BalanceChangedCallback } from '@cashback/wire';

/** Whether a balance is a hint for the orders that wait for money in its wallet. */
export function fillsWallet({ balance }: Pick<BalanceChangedCallback, 'balance'>): boolean {
  return parseBalance(balance) > 0n;
}
