import { type SQL, and, asc, eq, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { parseAmount } from '@cashback/contract';
import type { DueRequest, RequestEnd } from '../settlement/settle.ts';
import { baskets, refunds } from './tables.ts';

/**
 * Locks baskets and refunds that have been pending for `latencyMs`, oldest first, at most `limit` of each. Skips
 * those that another process is settling.
 */
export async function lockDueRequests(
  db: NodePgDatabase,
  { latencyMs, limit }: { latencyMs: number; limit: number },
): Promise<DueRequest[]> {
  const dueBaskets = await db
    .select({ id: baskets.basket_id, wallet_id: baskets.wallet_id, amount: baskets.amount })
    .from(baskets)
    .where(and(eq(baskets.status, 'pending'), isDue(baskets.created_at, latencyMs)))
    .orderBy(asc(baskets.created_at))
    .limit(limit)
    .for('update', { skipLocked: true });
  const dueRefunds = await db
    .select({
      id: refunds.refund_id,
      wallet_id: refunds.wallet_id,
      amount: refunds.amount,
      wallet_policy: refunds.wallet_policy,
    })
    .from(refunds)
    .where(and(eq(refunds.status, 'pending'), isDue(refunds.created_at, latencyMs)))
    .orderBy(asc(refunds.created_at))
    .limit(limit)
    .for('update', { skipLocked: true });
  return [
    ...dueBaskets.map((row) => ({ ...row, kind: 'topup' as const, amount: parseAmount(row.amount) })),
    ...dueRefunds.map((row) => ({ ...row, kind: 'refund' as const, amount: parseAmount(row.amount) })),
  ];
}

function isDue(createdAt: AnyPgColumn, latencyMs: number): SQL {
  return sql`${createdAt} <= now() - make_interval(secs => ${latencyMs / 1000})`;
}

/** Ends only pending requests, so an end never changes. */
export async function endRequests(db: NodePgDatabase, ends: readonly RequestEnd[]): Promise<void> {
  const topups = ends.filter(({ kind }) => kind === 'topup');
  if (topups.length > 0) {
    await db.execute(sql`
      UPDATE trust.baskets SET status = ended.status, reason = ended.reason
      FROM ${unnestEnds(topups)} WHERE baskets.basket_id = ended.id AND baskets.status = 'pending'`);
  }
  const refunded = ends.filter(({ kind }) => kind === 'refund');
  if (refunded.length > 0) {
    await db.execute(sql`
      UPDATE trust.refunds SET status = ended.status, reason = ended.reason
      FROM ${unnestEnds(refunded)} WHERE refunds.refund_id = ended.id AND refunds.status = 'pending'`);
  }
}

function unnestEnds(ends: readonly RequestEnd[]): SQL {
  return sql`unnest(
    ${sql.param(ends.map(({ id }) => id))}::text[],
    ${sql.param(ends.map(({ status }) => status))}::text[],
    ${sql.param(ends.map(({ reason }) => reason))}::text[]
  ) AS ended (id, status, reason)`;
}
