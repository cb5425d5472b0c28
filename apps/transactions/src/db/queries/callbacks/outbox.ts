import { type Database, statement, storableText, withTransaction } from '@cashback/postgres';
import type { CallbackKind } from '../../tables.ts';

interface ClaimedCallback {
  callback_id: string;
  payload: unknown;
  attempts: number;
}

const claimCallbacksStatement = statement<ClaimedCallback>({
  name: 'transactions.claim-callbacks',
  text: `
      UPDATE transactions.callbacks SET due_at = now() + $3::integer * interval '1 millisecond'
      WHERE callback_id IN (
        SELECT callback_id FROM transactions.callbacks
        WHERE kind = $1 AND due_at <= now()
        ORDER BY due_at
        LIMIT $2
        FOR UPDATE SKIP LOCKED
      )
      RETURNING callback_id, payload, attempts`,
  columns: { callback_id: 'text', payload: 'jsonb', attempts: 'int4' },
});

const deleteCallbacksStatement = statement({
  name: 'transactions.delete-callbacks',
  text: 'DELETE FROM transactions.callbacks WHERE callback_id = ANY($1::text[])',
  columns: {},
});

const retryCallbackStatement = statement({
  name: 'transactions.retry-callback',
  text: `
      UPDATE transactions.callbacks
      SET attempts = $2, error = $3, due_at = now() + $4::integer * interval '1 millisecond'
      WHERE callback_id = $1`,
  columns: {},
});

const deleteOldCallbacksStatement = statement({
  name: 'transactions.delete-old-callbacks',
  text: `
        DELETE FROM transactions.callbacks WHERE callback_id IN (
          SELECT callback_id FROM transactions.callbacks
          WHERE created_at < now() - $1::bigint * interval '1 millisecond'
          ORDER BY created_at
          LIMIT $2
          FOR UPDATE SKIP LOCKED
        )`,
  columns: {},
});

/** Claims callbacks that are due. They are due again after `leaseMs`, unless they are delivered. */
export async function claimCallbacks(
  { pool }: Database,
  { kind, limit, leaseMs }: { kind: CallbackKind; limit: number; leaseMs: number },
): Promise<ClaimedCallback[]> {
  const rows = await claimCallbacksStatement.rows(pool, [kind, limit, leaseMs]);
  return rows;
}

export async function deleteCallbacks({ pool }: Database, callbackIds: readonly string[]): Promise<void> {
  await deleteCallbacksStatement.run(pool, [callbackIds]);
}

export async function retryCallback(
  { pool }: Database,
  callbackId: string,
  { attempts, error, retry_in_ms }: { attempts: number; error: string; retry_in_ms: number },
): Promise<void> {
  await retryCallbackStatement.run(pool, [
    callbackId,
    attempts,
    storableText(error),
    Math.round(retry_in_ms),
  ]);
}

/** Deletes a page of the callbacks that are older than `maxAgeMs`, and returns their number. */
export async function deleteOldCallbacks(
  database: Database,
  maxAgeMs: number,
  page: number,
): Promise<number> {
  return withTransaction(database, ({ client }) => deleteOldCallbacksStatement.run(client, [maxAgeMs, page]));
}
