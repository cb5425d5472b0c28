import { eq } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { BalanceChangedCallback } from '@cashback/wire';
import type { AdoptionWrites } from '../decide-adoption.ts';
import { callbackInbox } from './tables.ts';

/** False when the callback was taken before. A copy that is being taken at the same moment is waited for. */
export async function insertCallback(
  db: NodePgDatabase,
  webhookId: string,
  { wallet_id, balance, epoch, sequence, cause, occurred_at }: BalanceChangedCallback,
): Promise<boolean> {
  const inserted = await db
    .insert(callbackInbox)
    .values({
      webhook_id: webhookId,
      wallet_id,
      balance,
      epoch: epoch ?? null,
      sequence,
      cause,
      occurred_at: new Date(occurred_at),
      outcome: 'superseded',
    })
    .onConflictDoNothing()
    .returning({ webhook_id: callbackInbox.webhook_id });
  return inserted.length > 0;
}

/** Notes that the callback was adopted, and in which epoch. */
export async function markAdopted(
  db: NodePgDatabase,
  webhookId: string,
  { epoch }: AdoptionWrites['balance'],
): Promise<void> {
  await db
    .update(callbackInbox)
    .set({ outcome: 'adopted', epoch })
    .where(eq(callbackInbox.webhook_id, webhookId));
}
