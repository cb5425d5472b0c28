import { type AmountsBySource, SOURCES, amountOf, parseAmounts } from '@cashback/contract/source';
import type { WindowRow } from '@cashback/server/decisions';
import { describeAmounts } from '../describe-amounts.ts';
import { targetOf } from './target-of.ts';
import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';
import { parseOnce } from './parse-once.ts';
import { must } from './violation.ts';

/**
 * No more of a held revision is sent than is allowed, and what passes in a window stays within its bound and is all that
 * the window counts: otherwise later targets would be held without a reason.
 */
export function checkBreaker(world: World): void {
  for (const order of world.tables.orders.values()) {
    checkSent(order, world);
    checkGrowth(order, world);
  }
  checkWindows(world);
}

/** After a restore the windows are counted from what is left. */
export function recountGrowth({ tables, growth }: World): void {
  growth.windows.clear();
  for (const row of tables.breaker_windows.values())
    growth.windows.set(windowAt(row.window_start, row), row.growth);
  growth.sendable.clear();
  for (const order of tables.orders.values()) {
    const { order_id, revision } = order;
    const amounts = sendableOf(order, targetOf(tables.events, order_id));
    growth.sendable.set(order_id, { revision, amounts });
  }
}

function checkSent({ order_id, revision, held_revision, hold }: OrderRow, { tables }: World): void {
  if (hold === null || held_revision !== revision) return;
  const allowed = parseAmounts(hold.allowed);
  for (const operation of tables.operations.values()) {
    if (operation.order_id !== order_id || operation.revision !== revision) continue;
    const reward = parseOnce(operation.reward);
    must(
      null,
      SOURCES.every((source) => amountOf(reward, source) <= amountOf(allowed, source)),
      () => `${order_id} is held at ${describeAmounts(allowed)}, and ${describeAmounts(reward)} is sent`,
    );
  }
}

function checkGrowth(order: OrderRow, { engine, tables, bounds, growth }: World): void {
  const { order_id, service, revision } = order;
  const bound = bounds[service];
  if (bound === undefined) return;
  const amounts = sendableOf(order, targetOf(tables.events, order_id));
  const before = growth.sendable.get(order_id);
  growth.sendable.set(order_id, { revision, amounts });
  if (before?.revision === revision) return;
  const window = windowAt(engine.now(), { service, ...bound });
  const grown = (growth.windows.get(window) ?? 0n) + riseOf(before?.amounts ?? {}, amounts);
  growth.windows.set(window, grown);
  must(
    null,
    grown <= bound.max_growth,
    () => `${order_id}: the targets of ${service} grow by ${grown}, the bound is ${bound.max_growth}`,
  );
}

function checkWindows({ tables, growth }: World): void {
  for (const row of tables.breaker_windows.values()) {
    const passed = growth.windows.get(windowAt(row.window_start, row)) ?? 0n;
    must(
      null,
      row.growth === passed,
      () => `the window of ${row.service} counts ${row.growth}, and ${passed} passed`,
    );
  }
}

/** There is one currency only. */
function windowAt(moment: number, { service, window_s }: Pick<WindowRow, 'service' | 'window_s'>): string {
  return `${service} ${Math.floor(moment / window_s / 1_000)}`;
}

function sendableOf({ hold, held_revision, revision }: OrderRow, target: AmountsBySource): AmountsBySource {
  return held_revision === revision && hold !== null ? parseAmounts(hold.allowed) : target;
}

function riseOf(before: AmountsBySource, after: AmountsBySource): bigint {
  return SOURCES.reduce((sum, source) => {
    const rise = amountOf(after, source) - amountOf(before, source);
    return rise > 0n ? sum + rise : sum;
  }, 0n);
}
