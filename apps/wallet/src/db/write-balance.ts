import { type SQL, eq, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type Transaction, readInt8, statement } from '@cashback/postgres';
import type { AdoptionWrites, Position } from '../decide-adoption.ts';
import { FIRST_OF_ALL } from './rules.ts';
import { type Origin, balances, pushes } from './tables.ts';

export type CachedBalance = Position & { user_id: string; balance: string; check_failures: number };

const lockBalanceStatement = statement<{
  user_id: string;
  balance: string;
  epoch: string;
  sequence: string;
  check_failures: number;
}>({
  name: 'wallet.lock-balance',
  text: `
  SELECT user_id, balance, epoch, sequence, check_failures
  FROM wallet.balances WHERE wallet_id = $1 FOR UPDATE`,
  columns: { user_id: 'text', balance: 'numeric', epoch: 'int8', sequence: 'int8', check_failures: 'int4' },
});

/** Locks the cached balance of a wallet; null when there is none. */
export async function lockBalance({ client }: Transaction, walletId: string): Promise<CachedBalance | null> {
  const [cached] = await lockBalanceStatement.rows(client, [walletId]);
  return cached === undefined
    ? null
    : { ...cached, epoch: readInt8(cached.epoch), sequence: readInt8(cached.sequence) };
}

/** False when another transaction has inserted the wallet's balance meanwhile; it is waited for. */
export async function insertBalance(
  db: NodePgDatabase,
  { balance, has_gap }: AdoptionWrites,
  checkIntervalMs: number,
): Promise<boolean> {
  const inserted = await db
    .insert(balances)
    .values({ ...balance, check_at: has_gap ? new Date(FIRST_OF_ALL) : inMs(checkIntervalMs) })
    .onConflictDoNothing()
    .returning({ wallet_id: balances.wallet_id });
  return inserted.length > 0;
}

/** The transaction holds the lock of the balance. */
export async function updateBalance(
  db: NodePgDatabase,
  { balance: { wallet_id, ...balance }, has_gap }: AdoptionWrites,
): Promise<void> {
  await db
    .update(balances)
    .set({ ...balance, ...(has_gap && { check_at: new Date(FIRST_OF_ALL) }) })
    .where(eq(balances.wallet_id, wallet_id));
}

/** Notes that an adopted balance must be pushed. */
export async function insertPush(
  db: NodePgDatabase,
  push: AdoptionWrites['push'],
  origin: Origin,
): Promise<void> {
  await db.insert(pushes).values({ ...push, origin });
}

function inMs(ms: number): SQL {
  return sql`now() + make_interval(secs => ${ms / 1000})`;
}
