import type { AttemptWrites, ChangeRow } from '@cashback/processing/decisions';
import { insertRow, updateRow } from '../../rows.ts';
import type { ChangeTableRow } from '../../tables.ts';
import type { World } from '../../world.ts';

/** A row of the inbox as its transaction reads it: with times that are relative to now. */
export function loadChange({ engine, tables }: World, orderId: string): ChangeRow | null {
  const stored = tables.changes.get(orderId);
  if (stored === undefined) return null;
  const { waiting_since, next_attempt_at, ...row } = stored;
  return {
    ...row,
    waited_ms: waiting_since === null ? null : engine.now() - waiting_since,
    next_attempt_in_ms: next_attempt_at - engine.now(),
  };
}

export function insertChange(world: World, row: ChangeRow): void {
  insertRow(world.tables.changes, row.order_id, stored(world, row));
}

export function updateChange(world: World, row: ChangeRow): void {
  updateRow(world.tables.changes, row.order_id, stored(world, row));
}

export function writeAttempt(world: World, { row, retry_in_ms }: AttemptWrites): void {
  updateChange(world, row);
  const { order_id } = row;
  if (retry_in_ms !== null) world.changes.enqueue(`${order_id}#poll`, order_id, retry_in_ms);
}

function stored({ engine }: World, { waited_ms, next_attempt_in_ms, ...row }: ChangeRow): ChangeTableRow {
  return {
    ...row,
    waiting_since: waited_ms === null ? null : engine.now() - waited_ms,
    next_attempt_at: engine.now() + next_attempt_in_ms,
  };
}
