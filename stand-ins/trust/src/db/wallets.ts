import { and, eq, gt } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { CashbackError, parseBalance } from '@cashback/contract';
import { PaymentError, type TrustWallet, type WalletBalance } from '@cashback/wire';
import { type Transaction, readInt8, statement } from '@cashback/postgres';
import type { LockedWallet } from '../settlement/movements.ts';
import { loadEpoch } from './epoch.ts';
import { wallets } from './tables.ts';

interface Payee {
  wallet_id: string;
  user_id: string;
  currency: string;
}

/**
 * Creates the wallet if it is new. Throws `PAYEE_MISMATCH` when it belongs to another user or holds another
 * currency.
 */
export async function openWallet(db: NodePgDatabase, { wallet_id, user_id, currency }: Payee): Promise<void> {
  const opened = await db
    .insert(wallets)
    .values({ wallet_id, user_id, currency })
    .onConflictDoNothing()
    .returning({ wallet_id: wallets.wallet_id });
  if (opened.length > 0) return;
  const [wallet] = await db
    .select({ user_id: wallets.user_id, currency: wallets.currency })
    .from(wallets)
    .where(eq(wallets.wallet_id, wallet_id));
  if (wallet === undefined) throw new Error(`wallet ${wallet_id} neither exists nor can be created`);
  for (const [field, received, stored] of [
    ['user_id', user_id, wallet.user_id],
    ['currency', currency, wallet.currency],
  ] as const) {
    if (received === stored) continue;
    const message = `wallet ${wallet_id} has the ${field} ${stored}, got ${received}; use the wallet's own or another wallet`;
    throw new CashbackError('PAYEE_MISMATCH', message, { field, expected: stored, received });
  }
}

interface LockedRow {
  wallet_id: string;
  user_id: string;
  currency: string;
  balance: string;
  sequence: string;
}

const lockWalletsStatement = statement<LockedRow>({
  name: 'trust.lock-wallets',
  text: `
  SELECT wallet_id, user_id, currency, balance, sequence
  FROM trust.wallets
  WHERE wallet_id = ANY($1::text[])
  ORDER BY wallet_id
  FOR UPDATE`,
  columns: { wallet_id: 'text', user_id: 'text', currency: 'text', balance: 'numeric', sequence: 'int8' },
});

/** Locks wallets in one order everywhere, so that two transactions over the same wallets cannot deadlock. */
export async function lockWallets({ client }: Transaction, ids: readonly string[]): Promise<LockedWallet[]> {
  const rows = await lockWalletsStatement.rows(client, [ids]);
  return rows.map((row) => ({
    ...row,
    balance: parseBalance(row.balance),
    sequence: readInt8(row.sequence),
  }));
}

/** Throws `WALLET_NOT_FOUND`, also for a wallet without movements, which has no sequence yet. */
export async function loadWalletBalance(
  db: NodePgDatabase,
  walletId: string,
): Promise<WalletBalance & TrustWallet> {
  // Before the wallet: a restore between the two must not give a balance from before it the epoch after it.
  const epoch = await loadEpoch(db);
  const [wallet] = await db
    .select({
      wallet_id: wallets.wallet_id,
      user_id: wallets.user_id,
      currency: wallets.currency,
      balance: wallets.balance,
      sequence: wallets.sequence,
      updated_at: wallets.updated_at,
    })
    .from(wallets)
    .where(and(eq(wallets.wallet_id, walletId), gt(wallets.sequence, 0)));
  if (wallet === undefined) throw walletNotFound(walletId);
  return { ...wallet, epoch, updated_at: wallet.updated_at.toISOString() };
}

export function walletNotFound(walletId: string): PaymentError {
  const message = `no money has ever moved in wallet ${walletId}; a successful basket is its first movement`;
  return new PaymentError('WALLET_NOT_FOUND', message, { wallet_id: walletId });
}
