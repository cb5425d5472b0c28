import type { OrderWrites, PollTimes } from '@cashback/worker/decisions';
import { insertRow, rowOf, updateRow } from '../rows.ts';
import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';
import { armPoll } from './poll-timer.ts';
import { type AppRelease, writtenBy } from './app-release.ts';

/** Writes the worker's rows as they are, but for columns that its release does not know. */
export function applyWrites(
  world: World,
  { outcomes, operations, drifts, updates }: OrderWrites,
  appRelease: AppRelease,
): void {
  const { engine, tables, archive, decisions } = world;
  for (const outcome of outcomes) {
    const { operation_id } = outcome;
    const row = { ...outcome, at: engine.now() };
    insertRow(tables.outcomes, operation_id, row);
    archive.outcomes.set(operation_id, [...(archive.outcomes.get(operation_id) ?? []), row]);
  }
  for (const operation of operations) {
    const row = { ...operation, created_at: engine.now() };
    insertRow(tables.operations, operation.operation_id, row);
    archive.operations.set(operation.operation_id, operation);
  }
  tables.drifts.push(...drifts);
  for (const update of updates) {
    const { order_id } = update;
    const stored = rowOf(tables.orders, order_id);
    const row = decisions.worker.updatedRow(stored, update, engine.now());
    armPoll(world, updateRow(tables.orders, order_id, writtenBy(appRelease, stored, row)));
  }
}

/** Writes new times into an order's row; null skips it. Returns whether the row was one of those to be written. */
export function applyTimes(world: World, { order_id }: OrderRow, times: PollTimes | null): boolean {
  if (times === null) return false;
  const row = updateRow<OrderRow>(world.tables.orders, order_id, times);
  if (times.poll_at !== undefined) armPoll(world, row);
  return true;
}
