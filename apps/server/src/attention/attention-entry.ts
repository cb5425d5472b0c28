import type { AttentionRow } from '@cashback/cashback-db';
import type { AttentionEntry } from '@cashback/contract';

/** A need for attention as callers see it. */
export function attentionEntry(row: AttentionRow, as_of: Date): AttentionEntry {
  const { order_id, service, origin, code, reason, details, since, reported_at } = row;
  return {
    order_id,
    service,
    origin,
    code,
    reason,
    details,
    since: since.toISOString(),
    // The clock of the app that reported it may be ahead.
    age_ms: Math.max(0, as_of.getTime() - since.getTime()),
    reported_at: reported_at && reported_at.toISOString(),
    stale: row.is_stale,
    resume_requested: row.is_resume_requested,
  };
}
