import type { TrustWallet } from '@cashback/wire';
import { type BalanceReport, reportOf } from '../balance-report.ts';
import { type Position, decideAdoption } from '../decide-adoption.ts';

/**
 * What is newer than the cache in a page of the feed, in one order everywhere, so that two readers never wait for each
 * other's wallets.
 */
export function newerReports(
  wallets: readonly TrustWallet[],
  cached: ReadonlyMap<string, Position>,
): BalanceReport[] {
  return wallets
    .flatMap((wallet) => {
      // Without a user only known wallets can be adopted; the check of each finds those.
      if (wallet.user_id === undefined) return [];
      const report = reportOf(wallet, wallet.user_id);
      return decideAdoption(cached.get(wallet.wallet_id) ?? null, report) === null ? [] : [report];
    })
    .toSorted((a, b) => (a.wallet_id < b.wallet_id ? -1 : 1));
}
