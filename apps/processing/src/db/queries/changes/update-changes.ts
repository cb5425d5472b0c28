import type { Transaction } from '@cashback/postgres';
import type { NextStep, RegisterAnswers } from '../../../record/decide-next-attempt.ts';

type AnsweredStep = NextStep & { answers: RegisterAnswers };

const lock = `
  SELECT FROM processing.invoice_changes WHERE order_id = ANY($1::text[]) ORDER BY order_id FOR UPDATE`;

// A row that saw a newer version meanwhile keeps what that change reset: its own job looks at it afresh. Nor does
// a row that somebody else finished meanwhile get anybody's attention.
const record = `
  UPDATE processing.invoice_changes AS stored
  SET processed_version = greatest(stored.processed_version, step.processed_version),
    asks_again = CASE WHEN step.processed_version >= stored.processed_version
      THEN step.asks_again ELSE stored.asks_again END,
    failures = CASE WHEN stored.seen_version = step.seen_version THEN step.failures ELSE stored.failures END,
    waiting_since = CASE WHEN stored.seen_version <> step.seen_version THEN stored.waiting_since
      WHEN step.is_waiting THEN coalesce(stored.waiting_since, now()) END,
    attention = CASE WHEN stored.seen_version = step.seen_version
        AND (stored.processed_version < stored.seen_version OR stored.asks_again)
      THEN step.attention ELSE stored.attention END,
    next_look_at = CASE WHEN stored.seen_version = step.seen_version
      THEN now() + step.look_after_ms * interval '1 millisecond' ELSE stored.next_look_at END,
    registered = stored.registered + step.registered,
    unchanged = stored.unchanged + step.unchanged,
    stale = stored.stale + step.stale,
    updated_at = now()
  FROM unnest(
    $1::text[], $2::int[], $3::int[], $4::boolean[], $5::int[], $6::boolean[], $7::text[], $8::int[],
    $9::int[], $10::int[], $11::int[]
  ) AS step (
    order_id, seen_version, processed_version, asks_again, failures, is_waiting, attention, look_after_ms,
    registered, unchanged, stale
  )
  WHERE stored.order_id = step.order_id
  RETURNING stored.order_id,
    (stored.processed_version < stored.seen_version OR stored.asks_again) AND stored.attention IS NULL
      AS is_unfinished`;

/**
 * Writes what came of processing each order; `processed_version` never goes back. Returns the orders that are to be
 * looked at again.
 */
export async function recordSteps(
  { client }: Transaction,
  steps: readonly AnsweredStep[],
): Promise<Set<string>> {
  await client.query({ name: 'lock_steps', text: lock, values: [steps.map(({ order_id }) => order_id)] });
  const { rows } = await client.query<{ order_id: string; is_unfinished: boolean }>({
    name: 'record_steps',
    text: record,
    values: [
      steps.map(({ order_id }) => order_id),
      steps.map(({ seen_version }) => seen_version),
      steps.map(({ processed_version }) => processed_version),
      steps.map(({ asks_again }) => asks_again),
      steps.map(({ failures }) => failures),
      steps.map(({ is_waiting }) => is_waiting),
      steps.map(({ attention }) => attention),
      steps.map(({ look_after_ms }) => look_after_ms),
      steps.map(({ answers }) => answers.registered),
      steps.map(({ answers }) => answers.unchanged),
      steps.map(({ answers }) => answers.stale),
    ],
  });
  return new Set(rows.filter(({ is_unfinished }) => is_unfinished).map(({ order_id }) => order_id));
}
