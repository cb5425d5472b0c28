import type { Amount } from '@cashback/contract';

/** A wallet under its row's lock. */
export interface LockedWallet {
  wallet_id: string;
  user_id: string;
  currency: string;
  balance: Amount;
  sequence: number;
}

export interface Movement {
  wallet_id: string;
  user_id: string;
  currency: string;
  sequence: number;
  kind: 'topup' | 'refund' | 'spend';
  amount: Amount;
  /** Id of the basket, refund or spend. */
  cause: string;
  balance_after: Amount;
}

/** The largest balance that the wire can carry. */
const MAX_BALANCE: Amount = 10n ** 19n - 1n;

/** The wallet's next movement; null when the balance would exceed what the wire can carry. */
export function moveMoney(
  wallet: LockedWallet,
  { kind, amount, cause }: Pick<Movement, 'kind' | 'amount' | 'cause'>,
): Movement | null {
  const balanceAfter = kind === 'topup' ? wallet.balance + amount : wallet.balance - amount;
  if (balanceAfter > MAX_BALANCE || balanceAfter < -MAX_BALANCE) return null;
  const { wallet_id, user_id, currency, sequence } = wallet;
  return {
    wallet_id,
    user_id,
    currency,
    sequence: sequence + 1,
    kind,
    amount,
    cause,
    balance_after: balanceAfter,
  };
}
