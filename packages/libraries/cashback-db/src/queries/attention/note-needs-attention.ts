import type { Attention } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';

const noteWaitStatement = statement({
  name: 'cashback.note-wait',
  text: `
  UPDATE cashback.order_clears SET waited_ms = $2, answered_at = $3::timestamptz
  WHERE order_id = $1`,
  columns: {},
});

/** Counts time against an order without a decision on it. The transaction holds its lock. */
export async function noteWait(
  tx: Transaction,
  { order_id, waited_ms, answered_at }: { order_id: string; waited_ms: number; answered_at: Date | null },
): Promise<void> {
  await noteWaitStatement.run(tx.client, [order_id, Math.round(waited_ms), answered_at]);
}

const noteNeedsAttentionStatement = statement({
  name: 'cashback.note-needs-attention',
  text: `
  UPDATE cashback.order_clears SET
    attention = $2,
    attention_code = $3,
    attention_since = CASE WHEN attention IS NULL THEN now() ELSE attention_since END,
    attention_details = $4::jsonb,
    poll_at = CASE
      WHEN requests > $6::integer THEN least(poll_at, now() + $5::integer * interval '1 millisecond')
      ELSE now() + $5::integer * interval '1 millisecond'
    END,
    next_charge_at = now() + $5::integer * interval '1 millisecond'
  WHERE order_id = $1 AND (attention IS NULL OR attention_code = $3)`,
  columns: {},
});

/**
 * States that an order needs attention without a decision on it, which is what fails. The rest of its row stays, and so
 * does another need for attention, and the time of a request that came after the attempt began (`seen_requests`). The
 * transaction holds its lock.
 */
export async function noteNeedsAttention(
  tx: Transaction,
  {
    order_id,
    attention: { code, reason, details },
    poll_in_ms,
    seen_requests,
  }: { order_id: string; attention: Attention; poll_in_ms: number; seen_requests: number },
): Promise<void> {
  await noteNeedsAttentionStatement.run(tx.client, [
    order_id,
    reason,
    code,
    JSON.stringify(details),
    Math.round(poll_in_ms),
    seen_requests,
  ]);
}
