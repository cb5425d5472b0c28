import { eq, lt, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { BalanceChangedCallback } from '@cashback/wire';
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

/**
 * Makes the balance the wallet's, if its sequence is above the cached one. The statement locks the row and
 * compares with its newest version, so of two at the same moment the higher sequence stays.
 */
export async function adoptBalance(db: NodePgDatabase, callback: BalanceChangedCallback): Promise<boolean> {
  const { wallet_id, user_id, currency, balance, sequence, occurred_at } = callback;
  const newest = { user_id, currency, balance, sequence, updated_at: new Date(occurred_at) };
  const adopted = await db
    .insert(balances)
    .values({ wallet_id, ...newest })
    .onConflictDoUpdate({
      target: balances.wallet_id,
      set: newest,
      setWhere: lt(balances.sequence, sql`excluded.sequence`),
    })
    .returning({ sequence: balances.sequence });
  return adopted.length > 0;
}

/** Notes that the callback was adopted, and that its balance is to be pushed. */
export async function insertPush(
  db: NodePgDatabase,
  webhookId: string,
  { wallet_id, sequence, currency, balance, occurred_at }: BalanceChangedCallback,
): Promise<void> {
  await db.update(callbackInbox).set({ outcome: 'adopted' }).where(eq(callbackInbox.webhook_id, webhookId));
  await db
    .insert(pushes)
    .values({ wallet_id, sequence, currency, balance, updated_at: new Date(occurred_at) });
}
