import type { NewDrift } from '@cashback/cashback-db';
import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';
import { must } from './violation.ts';

const DAY_MS = 86_400_000;
/** Stated once more, by nothing of the product. */
const MOST_HEALS = 3;

/**
 * Each foreign change of a settled order is written down with the step that finds it, a lasting cause once. An order is
 * healed at most three times a day, until a person resumes it or its target changes. While it is settled it has a time
 * for its next audit: audits go on for longer than any run lasts.
 */
export function checkHeals(world: World): void {
  const { seen, tables, lacks_columns } = world;
  const added = tables.drifts.slice(seen.drifts.length);
  must(null, isAppended(seen.drifts, tables.drifts), () => 'rows of drifts were changed or are gone');
  if (added.length > 0) seen.drifts = [...tables.drifts];
  for (const order of tables.orders.values()) {
    const { order_id, revision } = order;
    const before = seen.orders.get(order_id);
    if (before === order) continue;
    seen.orders.set(order_id, order);
    if (!lacks_columns) checkAudit(order);
    if (before === undefined) continue;
    if (before.revision !== revision) seen.heals.delete(order_id);
    else checkChange(world, before, order, added);
  }
}

function isAppended(before: readonly NewDrift[], now: readonly NewDrift[]): boolean {
  return now.length >= before.length && before.at(-1) === now[before.length - 1];
}

function checkAudit(order: OrderRow): void {
  const { order_id, audit_at } = order;
  must(null, !isSettled(order) || audit_at !== null, () => `${order_id} is settled, and no audit is planned`);
}

function checkChange(world: World, before: OrderRow, order: OrderRow, added: readonly NewDrift[]): void {
  const { order_id, attention, attention_code } = order;
  const drifts = added.filter((drift) => drift.order_id === order_id);
  const found = classOf(before, order);
  if (found !== null) {
    const isWritten = drifts.some(
      (drift) =>
        drift.class === found && drift.healed === (found !== 'foreign_writer') && isWhole(drift, before),
    );
    must(null, isWritten, () => `${order_id}: a change by another is not written down as ${found}`);
  }
  const isSame = before.attention !== null && attention !== null && before.attention_code === attention_code;
  const isRepeated = !world.lacks_columns && isSame && drifts.some(({ healed }) => !healed);
  must(null, !isRepeated, () => `${order_id}: the lasting ${attention_code} is written down again`);
  if (found === 'rewarded_differs') countHeal(world, order_id);
  const isRefused = before.attention_code === 'foreign_writer' && !world.lacks_columns;
  must(null, !(isRefused && isSent(before, order)), () => `${order_id} is healed, although that was refused`);
}

/** Null: nothing else changed the settled order, as far as its row says. */
function classOf(before: OrderRow, order: OrderRow): NewDrift['class'] | null {
  if (!isSettled(before)) return null;
  if (isHeal(before, order)) return 'rewarded_differs';
  if (!isSettled(order) && order.attention_code === 'foreign_writer') return 'foreign_writer';
  return isMovedOn(before, order) ? 'unknown_operation' : null;
}

/** A new operation brings the order back. */
function isHeal(before: OrderRow, order: OrderRow): boolean {
  return isSettled(before) && !isSettled(order) && isSent(before, order);
}

function isSent(before: OrderRow, order: OrderRow): boolean {
  return before.operation_id === null && order.operation_id !== null;
}

/** Nothing of ours was open, and the order is settled as before. */
function isMovedOn(
  before: OrderRow,
  { cashback_epoch, cashback_version, attention, poll_at }: OrderRow,
): boolean {
  const isNewer = before.cashback_epoch === cashback_epoch && before.cashback_version < cashback_version;
  return isNewer && attention === null && poll_at === null;
}

function isWhole({ before: was, after }: NewDrift, { rewarded }: OrderRow): boolean {
  return JSON.stringify(was['rewarded']) === JSON.stringify(rewarded) && after['rewarded'] !== undefined;
}

function countHeal({ engine, seen }: World, orderId: string): void {
  const now = engine.now();
  const heals = [...(seen.heals.get(orderId) ?? []), now].filter((at) => now - at < DAY_MS);
  seen.heals.set(orderId, heals);
  must(null, heals.length <= MOST_HEALS, () => `${orderId} is healed ${heals.length} times in a day`);
}

function isSettled({ settled_revision, revision }: OrderRow): boolean {
  return settled_revision === revision;
}
