import type { BalanceChangedCallback, TrustWallet } from '@cashback/wire';

/** A balance as billing reports it in a callback, or the payment system in its answer to a check. */
export type BalanceReport = Omit<BalanceChangedCallback, 'cause'>;

/** Without a `user_id` the wallet stays with the user it has. */
export function reportOf(
  { updated_at, user_id, epoch, ...balance }: TrustWallet,
  knownUser: string,
): BalanceReport {
  return {
    ...balance,
    ...(epoch !== undefined && { epoch }),
    user_id: user_id ?? knownUser,
    occurred_at: updated_at,
  };
}
