import type { ChangeRow } from '../../../inbox/change.ts';

/** The columns that statements on whole rows read and write, in the order of `valuesOf`. */
export const INPUT = `unnest(
    $1::text[], $2::text[], $3::int[], $4::int[], $5::boolean[], $6::int[], $7::float8[], $8::text[], $9::int[],
    $10::int[], $11::int[], $12::float8[]
  ) AS input (
    order_id, service, seen_version, processed_version, asks_again, failures, waited_ms, attention, registered,
    unchanged, stale, next_attempt_in_ms
  )`;
export const WAITING_SINCE = `now() - input.waited_ms * interval '1 millisecond'`;
export const NEXT_LOOK_AT = `now() + input.next_attempt_in_ms * interval '1 millisecond'`;

export function valuesOf(rows: readonly ChangeRow[]): unknown[][] {
  return [
    rows.map((row) => row.order_id),
    rows.map((row) => row.service),
    rows.map((row) => row.seen_version),
    rows.map((row) => row.processed_version),
    rows.map((row) => row.asks_again),
    rows.map((row) => row.failures),
    rows.map((row) => row.waited_ms),
    rows.map((row) => row.attention),
    rows.map((row) => row.registered),
    rows.map((row) => row.unchanged),
    rows.map((row) => row.stale),
    rows.map((row) => row.next_attempt_in_ms),
  ];
}
