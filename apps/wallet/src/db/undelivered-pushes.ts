import { and, asc, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { WalletBalance } from '@cashback/wire';
import { pushes } from './tables.ts';

/**
 * Locks what is not delivered of these wallets, per wallet in the order of its sequence. Those that are being
 * delivered elsewhere are waited for, so that no later balance overtakes them.
 */
export async function lockUndelivered(
  db: NodePgDatabase,
  walletIds: readonly string[],
  limit: number,
): Promise<WalletBalance[]> {
  const rows = await db
    .select({
      wallet_id: pushes.wallet_id,
      currency: pushes.currency,
      balance: pushes.balance,
      sequence: pushes.sequence,
      updated_at: pushes.updated_at,
    })
    .from(pushes)
    .where(and(inArray(pushes.wallet_id, [...walletIds]), isNull(pushes.delivered_at)))
    .orderBy(asc(pushes.wallet_id), asc(pushes.sequence))
    .limit(limit)
    .for('update');
  return rows.map((row) => ({ ...row, updated_at: row.updated_at.toISOString() }));
}

export async function markDelivered(db: NodePgDatabase, delivered: readonly WalletBalance[]): Promise<void> {
  await db.execute(sql`
    UPDATE wallet.pushes SET delivered_at = now()
    FROM unnest(
      ${sql.param(delivered.map(({ wallet_id }) => wallet_id))}::text[],
      ${sql.param(delivered.map(({ sequence }) => sequence))}::bigint[]
    ) AS delivered (wallet_id, sequence)
    WHERE pushes.wallet_id = delivered.wallet_id AND pushes.sequence = delivered.sequence`);
}

/** Pushes that have been waiting for longer than `overdueMs`, at most `limit`. */
export function findOverdue(
  db: NodePgDatabase,
  { overdueMs, limit }: { overdueMs: number; limit: number },
): Promise<{ wallet_id: string; sequence: number }[]> {
  return db
    .select({ wallet_id: pushes.wallet_id, sequence: pushes.sequence })
    .from(pushes)
    .where(
      and(
        isNull(pushes.delivered_at),
        lt(pushes.created_at, sql`now() - make_interval(secs => ${overdueMs / 1000})`),
      ),
    )
    .orderBy(asc(pushes.wallet_id), asc(pushes.sequence))
    .limit(limit);
}
