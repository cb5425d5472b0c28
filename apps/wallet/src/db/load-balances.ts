import { inArray } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { WalletBalance } from '@cashback/wire';
import { balances } from './tables.ts';

/** The cached balances of those wallets that have one. */
export async function loadBalances(
  db: NodePgDatabase,
  walletIds: readonly string[],
): Promise<WalletBalance[]> {
  const rows = await db
    .select({
      wallet_id: balances.wallet_id,
      currency: balances.currency,
      balance: balances.balance,
      epoch: balances.epoch,
      sequence: balances.sequence,
      updated_at: balances.updated_at,
    })
    .from(balances)
    .where(inArray(balances.wallet_id, [...walletIds]));
  return rows.map((row) => ({ ...row, updated_at: row.updated_at.toISOString() }));
}
