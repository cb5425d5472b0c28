import { asc, inArray, lt, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { callbackInbox } from './tables.ts';

/**
 * Deletes at most `limit` callbacks that are older than the retention time, and returns how many. A copy that arrives
 * after that is superseded by its sequence.
 */
export async function deleteOldCallbacks(
  db: NodePgDatabase,
  { retentionDays, limit }: { retentionDays: number; limit: number },
): Promise<number> {
  const old = db
    .select({ webhook_id: callbackInbox.webhook_id })
    .from(callbackInbox)
    .where(lt(callbackInbox.received_at, sql`now() - make_interval(days => ${retentionDays})`))
    .orderBy(asc(callbackInbox.received_at))
    .limit(limit);
  const { rowCount } = await db.delete(callbackInbox).where(inArray(callbackInbox.webhook_id, old));
  return rowCount ?? 0;
}
