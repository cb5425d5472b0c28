import { and, eq } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { walletMovements } from './tables.ts';

/** The spend with this id, of any wallet. */
export async function findSpend(
  db: NodePgDatabase,
  spendId: string,
): Promise<{ wallet_id: string; amount: string } | undefined> {
  const [spend] = await db
    .select({ wallet_id: walletMovements.wallet_id, amount: walletMovements.amount })
    .from(walletMovements)
    .where(and(eq(walletMovements.kind, 'spend'), eq(walletMovements.cause, spendId)));
  return spend;
}
