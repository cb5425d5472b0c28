import { readInt8 } from '@cashback/postgres';
import type { WalletBalance } from '@cashback/wire';

/** A balance as the tables of the cache and of pushes have it. */
export interface BalanceRow {
  wallet_id: string;
  currency: string;
  balance: string;
  epoch: string;
  sequence: string;
  updated_at: Date;
}

export const BALANCE_COLUMNS = {
  wallet_id: 'text',
  currency: 'text',
  balance: 'numeric',
  epoch: 'int8',
  sequence: 'int8',
  updated_at: 'timestamptz',
} as const;

export function walletBalanceOf(row: BalanceRow): WalletBalance {
  return {
    ...row,
    epoch: readInt8(row.epoch),
    sequence: readInt8(row.sequence),
    updated_at: row.updated_at.toISOString(),
  };
}
