import { eq } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { BalanceChangedCallback } from '@cashback/wire';
import { type Transaction, statement } from '@cashback/postgres';
import type { AdoptionWrites } from '../decide-adoption.ts';
import { balances, callbackInbox, pushes } from './tables.ts';

/** False when the callback was taken before. A copy that is being taken at the same moment is waited for. */
export async function insertCallback(
  db: NodePgDatabase,
  webhookId: string,
  { wallet_id, balance, sequence, cause, occurred_at }: BalanceChangedCallback,
): Promise<boolean> {
  const inserted = await db
    .insert(callbackInbox)
    .values({
      webhook_id: webhookId,
      wallet_id,
      balance,
      sequence,
      cause,
      occurred_at: new Date(occurred_at),
      outcome: 'superseded',
    })
    .onConflictDoNothing()
    .returning({ webhook_id: callbackInbox.webhook_id });
  return inserted.length > 0;
}

const lockBalanceStatement = statement<{ sequence: string }>({
  name: 'wallet.lock-balance',
  text: 'SELECT sequence FROM wallet.balances WHERE wallet_id = $1 FOR UPDATE',
  columns: { sequence: 'int8' },
});

/** Locks the cached balance of a wallet; null when there is none. */
export async function lockBalance(
  { client }: Transaction,
  walletId: string,
): Promise<{ sequence: number } | null> {
  const [cached] = await lockBalanceStatement.rows(client, [walletId]);
  return cached === undefined ? null : { sequence: Number(cached.sequence) };
}

/** False when another transaction has inserted the wallet's balance meanwhile; it is waited for. */
export async function insertBalance(
  db: NodePgDatabase,
  balance: AdoptionWrites['balance'],
): Promise<boolean> {
  const inserted = await db
    .insert(balances)
    .values(balance)
    .onConflictDoNothing()
    .returning({ wallet_id: balances.wallet_id });
  return inserted.length > 0;
}

/** The transaction holds the lock of the balance. */
export async function updateBalance(
  db: NodePgDatabase,
  { wallet_id, ...balance }: AdoptionWrites['balance'],
): Promise<void> {
  await db.update(balances).set(balance).where(eq(balances.wallet_id, wallet_id));
}

/** Notes that the callback was adopted, and that its balance must be pushed. */
export async function insertPush(
  db: NodePgDatabase,
  webhookId: string,
  push: AdoptionWrites['push'],
): Promise<void> {
  await db.update(callbackInbox).set({ outcome: 'adopted' }).where(eq(callbackInbox.webhook_id, webhookId));
  await db.insert(pushes).values(push);
}
