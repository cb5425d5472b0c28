import type { ChangeRow, ChangeWrites } from '@cashback/processing/decisions';
import type { ChangeTableRow } from '../../tables.ts';
import type { World } from '../../world.ts';

/** A row of the inbox as its transaction reads it: with times that are relative to now. */
export function loadChange({ engine, tables }: World, orderId: string): ChangeRow | null {
  const stored = tables.changes.get(orderId);
  if (stored === undefined) return null;
  const { waiting_since, next_attempt_at, audit_at, ...row } = stored;
  return {
    ...row,
    waited_ms: waiting_since === null ? null : engine.now() - waiting_since,
    next_attempt_in_ms: next_attempt_at - engine.now(),
    audit_in_ms: audit_at === null ? null : audit_at - engine.now(),
  };
}

/** By order. */
export function loadChanges(world: World): Map<string, ChangeRow> {
  const rows = [...world.tables.changes.keys()].flatMap((orderId) => loadChange(world, orderId) ?? []);
  return new Map(rows.map((row) => [row.order_id, row]));
}

/** Writes the row of the inbox and enqueues its job; null writes nothing. */
export function writeChange(world: World, writes: ChangeWrites | null): void {
  if (writes === null) return;
  const { row, job } = writes;
  world.tables.changes.set(row.order_id, stored(world, row));
  if (job === null) return;
  world.changes.enqueue(job.key, job.payload.order_id, Math.round((job.start_after_seconds ?? 0) * 1_000));
}

function stored(
  { engine }: World,
  { waited_ms, next_attempt_in_ms, audit_in_ms, ...row }: ChangeRow,
): ChangeTableRow {
  return {
    ...row,
    waiting_since: waited_ms === null ? null : engine.now() - waited_ms,
    next_attempt_at: engine.now() + next_attempt_in_ms,
    audit_at: audit_in_ms === null ? null : engine.now() + audit_in_ms,
  };
}
