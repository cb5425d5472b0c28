import type { WalletBalance } from '@cashback/wire';
import { type Reader, readInt8, statement } from '@cashback/postgres';

interface BalanceRow {
  wallet_id: string;
  currency: string;
  balance: string;
  epoch: string;
  sequence: string;
  updated_at: Date;
}

const loadBalancesStatement = statement<BalanceRow>({
  name: 'wallet.load-balances',
  text: `
  SELECT wallet_id, currency, balance, epoch, sequence, updated_at
  FROM wallet.balances WHERE wallet_id = ANY($1::text[])`,
  columns: {
    wallet_id: 'text',
    currency: 'text',
    balance: 'numeric',
    epoch: 'int8',
    sequence: 'int8',
    updated_at: 'timestamptz',
  },
});

/** The cached balances of those wallets that have one. */
export async function loadBalances(reader: Reader, walletIds: readonly string[]): Promise<WalletBalance[]> {
  const rows = await loadBalancesStatement.rows(reader, [walletIds]);
  return rows.map((row) => ({
    ...row,
    epoch: readInt8(row.epoch),
    sequence: readInt8(row.sequence),
    updated_at: row.updated_at.toISOString(),
  }));
}
