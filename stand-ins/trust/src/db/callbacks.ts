import { eq, sql } from 'drizzle-orm';
import { type Database, type Transaction, statement } from '@cashback/postgres';
import type { OutboxCallback } from '@cashback/service';
import type { BalanceChangedCallback } from '@cashback/wire';
import { type Receiver, callbacks } from './tables.ts';

interface NewCallback {
  callback_id: string;
  payload: BalanceChangedCallback;
  receiver: Receiver;
  hold_back_ms: number;
}

const insertCallbacksStatement = statement({
  name: 'trust.insert-callbacks',
  text: `
  INSERT INTO trust.callbacks (callback_id, payload, receiver, next_attempt_at)
  SELECT callback_id, payload, receiver, now() + hold_back_ms * interval '1 millisecond'
  FROM unnest($1::text[], $2::jsonb[], $3::text[], $4::float8[]) AS callback (callback_id, payload, receiver, hold_back_ms)`,
  columns: {},
});

/** Puts callbacks into the outbox, each due after its own time. */
export async function insertCallbacks(
  { client }: Transaction,
  inserted: readonly NewCallback[],
): Promise<void> {
  await insertCallbacksStatement.run(client, [
    inserted.map(({ callback_id }) => callback_id),
    inserted.map(({ payload }) => JSON.stringify(payload)),
    inserted.map(({ receiver }) => receiver),
    inserted.map(({ hold_back_ms }) => hold_back_ms),
  ]);
}

interface ClaimedRow {
  id: string;
  payload: BalanceChangedCallback;
  receiver: Receiver;
  attempts: number;
}

const claimCallbacksStatement = statement<ClaimedRow>({
  name: 'trust.claim-callbacks',
  text: `
  WITH due AS MATERIALIZED (
    SELECT callback_id, next_attempt_at FROM trust.callbacks
    WHERE next_attempt_at <= now() AND receiver = ANY($1::text[])
    ORDER BY next_attempt_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  ), claimed AS (
    UPDATE trust.callbacks SET next_attempt_at = now() + $3::integer * interval '1 millisecond'
    FROM due WHERE callbacks.callback_id = due.callback_id
    RETURNING callbacks.callback_id AS id, payload, receiver, attempts, due.next_attempt_at AS due_at
  )
  SELECT id, payload, receiver, attempts FROM claimed ORDER BY due_at`,
  columns: { id: 'text', payload: 'jsonb', receiver: 'text', attempts: 'int4' },
});

/** Claims due callbacks to these receivers under a lease: they are due again after `leaseMs`. Oldest first. */
export async function claimCallbacks(
  { pool }: Database,
  { urls, leaseMs, limit }: { urls: ReadonlyMap<Receiver, string>; leaseMs: number; limit: number },
): Promise<OutboxCallback[]> {
  const claimed = await claimCallbacksStatement.rows(pool, [[...urls.keys()], limit, leaseMs]);
  return claimed.flatMap(({ receiver, ...row }) => {
    const url = urls.get(receiver);
    return url === undefined ? [] : [{ ...row, url }];
  });
}

const deleteCallbacksStatement = statement({
  name: 'trust.delete-callbacks',
  text: 'DELETE FROM trust.callbacks WHERE callback_id = ANY($1::text[])',
  columns: {},
});

export async function deleteCallbacks({ pool }: Database, ids: readonly string[]): Promise<void> {
  await deleteCallbacksStatement.run(pool, [ids]);
}

export async function retryCallback(
  database: Database,
  id: string,
  outcome: { attempts: number; error: string; retry_in_ms: number },
): Promise<void> {
  const { attempts, error, retry_in_ms } = outcome;
  await database.drizzle
    .update(callbacks)
    .set({
      attempts,
      last_error: error,
      next_attempt_at: sql`now() + make_interval(secs => ${retry_in_ms / 1000})`,
    })
    .where(eq(callbacks.callback_id, id));
}
