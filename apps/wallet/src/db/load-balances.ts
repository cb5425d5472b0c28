import type { WalletBalance } from '@cashback/wire';
import { type Reader, statement } from '@cashback/postgres';
import { BALANCE_COLUMNS, type BalanceRow, walletBalanceOf } from './balance-row.ts';

const loadBalancesStatement = statement<BalanceRow>({
  name: 'wallet.load-balances',
  text: `
  SELECT wallet_id, currency, balance, epoch, sequence, updated_at
  FROM wallet.balances WHERE wallet_id = ANY($1::text[])`,
  columns: BALANCE_COLUMNS,
});

/** The cached balances of those wallets that have one. */
export async function loadBalances(reader: Reader, walletIds: readonly string[]): Promise<WalletBalance[]> {
  const rows = await loadBalancesStatement.rows(reader, [walletIds]);
  return rows.map(walletBalanceOf);
}
