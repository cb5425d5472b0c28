import type { BalanceChangedCallback } from '@cashback/wire';

/** What adopting a balance writes. */
export interface AdoptionWrites {
  balance: {
    wallet_id: string;
    user_id: string;
    currency: string;
    balance: string;
    sequence: number;
    updated_at: Date;
  };
  push: { wallet_id: string; sequence: number; currency: string; balance: string; updated_at: Date };
}

/** A balance is adopted, and pushed, when its sequence is above the cached one. Null: it is superseded. */
export function decideAdoption(
  cached: { sequence: number } | null,
  { wallet_id, user_id, currency, balance, sequence, occurred_at }: BalanceChangedCallback,
): AdoptionWrites | null {
  if (cached !== null && sequence <= cached.sequence) return null;
  const updated_at = new Date(occurred_at);
  return {
    balance: { wallet_id, user_id, currency, balance, sequence, updated_at },
    push: { wallet_id, sequence, currency, balance, updated_at },
  };
}
