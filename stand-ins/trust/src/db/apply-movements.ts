import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { formatAmount } from '@cashback/contract';
import type { Movement } from '../settlement/movements.ts';
import { callbacks, walletMovements } from './tables.ts';

/**
 * Writes the movements of locked wallets: the ledger, the balances, and a callback for each movement.
 * `holdBackMs` gives the delay of each callback.
 */
export async function applyMovements(
  db: NodePgDatabase,
  movements: readonly Movement[],
  holdBackMs: () => number,
): Promise<void> {
  if (movements.length === 0) return;
  const now = new Date();
  await db.insert(walletMovements).values(
    movements.map(({ wallet_id, sequence, kind, amount, cause, balance_after }) => ({
      wallet_id,
      sequence,
      kind,
      amount: formatAmount(amount),
      cause,
      balance_after: formatAmount(balance_after),
      created_at: now,
    })),
  );
  await updateBalances(db, movements, now);
  await db.insert(callbacks).values(
    movements.map(({ wallet_id, user_id, currency, sequence, cause, balance_after }) => ({
      callback_id: randomUUID(),
      payload: {
        wallet_id,
        user_id,
        currency,
        balance: formatAmount(balance_after),
        sequence,
        cause,
        occurred_at: now.toISOString(),
      },
      next_attempt_at: sql`now() + make_interval(secs => ${holdBackMs() / 1000})`,
    })),
  );
}

async function updateBalances(db: NodePgDatabase, movements: readonly Movement[], now: Date): Promise<void> {
  const newest = [...new Map(movements.map((movement) => [movement.wallet_id, movement])).values()];
  await db.execute(sql`
    UPDATE trust.wallets
    SET balance = moved.balance, sequence = moved.sequence, updated_at = ${now.toISOString()}::timestamptz
    FROM unnest(
      ${sql.param(newest.map(({ wallet_id }) => wallet_id))}::text[],
      ${sql.param(newest.map(({ balance_after }) => formatAmount(balance_after)))}::numeric[],
      ${sql.param(newest.map(({ sequence }) => sequence))}::bigint[]
    ) AS moved (wallet_id, balance, sequence)
    WHERE wallets.wallet_id = moved.wallet_id`);
}
