import type { ChangeRow } from '../../../inbox/change.ts';

/** The columns that statements on whole rows read and write, in the order of `valuesOf`. */
export const INPUT = `unnest(
    $1::text[], $2::text[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::boolean[],
    $10::int[], $11::float8[], $12::text[], $13::int[], $14::int[], $15::int[], $16::float8[], $17::text[],
    $18::float8[], $19::int[], $20::text[]
  ) AS input (
    order_id, service, seen_epoch, seen_version, processed_epoch, processed_version, hints, answered_hints, asks_again,
    failures, waited_ms, attention, registered, unchanged, stale, next_attempt_in_ms,
    config_hash, audit_in_ms, audit_step, brought_by
  )`;
export const WAITING_SINCE = `now() - input.waited_ms * interval '1 millisecond'`;
export const NEXT_LOOK_AT = `now() + input.next_attempt_in_ms * interval '1 millisecond'`;
export const AUDIT_AT = `now() + input.audit_in_ms * interval '1 millisecond'`;

/** As the function `isUnfinished` says, and the sweeper's partial index. */
export const IS_UNFINISHED = `(
    (processed_epoch, processed_version) < (seen_epoch, seen_version) OR asks_again OR answered_hints < hints
  )`;

/** Done, without a time for its next audit, and never audited. A partial index has the same condition. */
export const IS_UNPLANNED = `(
    audit_at IS NULL AND audit_step = 0
    AND (processed_epoch, processed_version) >= (seen_epoch, seen_version) AND NOT asks_again AND answered_hints >= hints
  )`;

export function valuesOf(rows: readonly ChangeRow[]): unknown[][] {
  return [
    rows.map((row) => row.order_id),
    rows.map((row) => row.service),
    rows.map((row) => row.seen_epoch),
    rows.map((row) => row.seen_version),
    rows.map((row) => row.processed_epoch),
    rows.map((row) => row.processed_version),
    rows.map((row) => row.hints),
    rows.map((row) => row.answered_hints),
    rows.map((row) => row.asks_again),
    rows.map((row) => row.failures),
    rows.map((row) => row.waited_ms),
    rows.map((row) => row.attention),
    rows.map((row) => row.registered),
    rows.map((row) => row.unchanged),
    rows.map((row) => row.stale),
    rows.map((row) => row.next_attempt_in_ms),
    rows.map((row) => row.config_hash),
    rows.map((row) => row.audit_in_ms),
    rows.map((row) => row.audit_step),
    rows.map((row) => row.brought_by),
  ];
}
