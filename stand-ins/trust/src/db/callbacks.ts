import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm';
import { type Database, withTransaction } from '@cashback/postgres';
import type { OutboxCallback } from '@cashback/service';
import { type Receiver, callbacks } from './tables.ts';

/** Claims due callbacks to these receivers under a lease: they are due again after `leaseMs`. */
export function claimCallbacks(
  database: Database,
  { urls, leaseMs, limit }: { urls: ReadonlyMap<Receiver, string>; leaseMs: number; limit: number },
): Promise<OutboxCallback[]> {
  return withTransaction(database, async ({ drizzle }) => {
    const due = await drizzle
      .select({
        id: callbacks.callback_id,
        payload: callbacks.payload,
        receiver: callbacks.receiver,
        attempts: callbacks.attempts,
      })
      .from(callbacks)
      .where(and(lte(callbacks.next_attempt_at, sql`now()`), inArray(callbacks.receiver, [...urls.keys()])))
      .orderBy(asc(callbacks.next_attempt_at))
      .limit(limit)
      .for('update', { skipLocked: true });
    if (due.length === 0) return [];
    await drizzle
      .update(callbacks)
      .set({ next_attempt_at: inMs(leaseMs) })
      .where(idsAmong(due.map(({ id }) => id)));
    return due.flatMap(({ receiver, ...row }) => {
      const url = urls.get(receiver);
      return url === undefined ? [] : [{ ...row, url }];
    });
  });
}

export async function deleteCallbacks(database: Database, ids: string[]): Promise<void> {
  await database.drizzle.delete(callbacks).where(idsAmong(ids));
}

export async function retryCallback(
  database: Database,
  id: string,
  outcome: { attempts: number; error: string; retry_in_ms: number },
): Promise<void> {
  const { attempts, error, retry_in_ms } = outcome;
  await database.drizzle
    .update(callbacks)
    .set({ attempts, last_error: error, next_attempt_at: inMs(retry_in_ms) })
    .where(eq(callbacks.callback_id, id));
}

function idsAmong(ids: string[]) {
  return inArray(callbacks.callback_id, ids);
}

function inMs(ms: number) {
  return sql`now() + make_interval(secs => ${ms / 1000})`;
}
