import type { AttentionOrigin } from '@cashback/contract';
import { type Transaction, statement } from '@cashback/postgres';
import {
  ATTENTION_COLUMNS,
  type AttentionRow,
  IS_REPORTED,
  REPORTED_COLUMNS,
  WORKER_ATTENTION,
} from './attention-rows.ts';

const loadAttentionStatement = statement<AttentionRow>({
  name: 'cashback.load-attention',
  text: `
  SELECT ${WORKER_ATTENTION.columns} FROM cashback.order_clears
  WHERE attention IS NOT NULL AND order_id = ANY($1::text[])
  UNION ALL
  SELECT ${REPORTED_COLUMNS} FROM cashback.reported_attention WHERE ${IS_REPORTED} AND order_id = ANY($1::text[])
  ORDER BY order_id, origin`,
  columns: ATTENTION_COLUMNS,
});

const requestResumeStatement = statement({
  name: 'cashback.request-resume',
  text: `
  UPDATE cashback.reported_attention AS stored SET resume_of = input.since
  FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS input (order_id, origin, since)
  WHERE stored.order_id = input.order_id AND stored.origin = input.origin AND stored.since = input.since`,
  columns: {},
});

const insertResumesStatement = statement({
  name: 'cashback.insert-attention-resumes',
  text: `
  INSERT INTO cashback.attention_resumes (order_id, origin, code, reason, details, since, caller)
  SELECT order_id, origin, code, reason, details::jsonb, since, $7
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    AS input (order_id, origin, code, reason, details, since)`,
  columns: {},
});

/** What apps say of the orders; to decide on them, lock the orders and the reports with statements before this one. */
export function loadAttention(tx: Transaction, orderIds: readonly string[]): Promise<AttentionRow[]> {
  return loadAttentionStatement.rows(tx.client, [orderIds]);
}

/**
 * Asks apps to try orders again: each is asked with its next report, as long as it reports that need for attention. A
 * need that has begun since then is not resumed.
 */
export async function requestResume(
  tx: Transaction,
  needs: readonly { order_id: string; origin: AttentionOrigin; since: Date }[],
): Promise<void> {
  if (needs.length === 0) return;
  await requestResumeStatement.run(tx.client, [
    needs.map(({ order_id }) => order_id),
    needs.map(({ origin }) => origin),
    needs.map(({ since }) => since),
  ]);
}

/** Writes down which needs for attention a caller resumed. */
export async function insertResumes(
  tx: Transaction,
  needs: readonly AttentionRow[],
  caller: string,
): Promise<void> {
  if (needs.length === 0) return;
  await insertResumesStatement.run(tx.client, [
    needs.map(({ order_id }) => order_id),
    needs.map(({ origin }) => origin),
    needs.map(({ code }) => code),
    needs.map(({ reason }) => reason),
    needs.map(({ details }) => details && JSON.stringify(details)),
    needs.map(({ since }) => since),
    caller,
  ]);
}
