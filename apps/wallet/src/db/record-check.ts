import { eq, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type Drift, balances } from './tables.ts';

export interface CheckRecord {
  next_ms: number;
  failures: number;
  /** Absent: there was no answer, and what is known of the last one stays. */
  drift?: Drift | null;
}

/** Notes how a check ended, and when the next one is due. */
export async function recordCheck(
  db: NodePgDatabase,
  walletId: string,
  { next_ms, failures, drift }: CheckRecord,
): Promise<void> {
  await db
    .update(balances)
    .set({
      check_at: sql`now() + make_interval(secs => ${next_ms / 1000})`,
      check_failures: failures,
      ...(drift !== undefined && { drift, checked_at: sql`now()` }),
    })
    .where(eq(balances.wallet_id, walletId));
}
