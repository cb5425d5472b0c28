import type { AddedGrowth, GrownWindow, HeldRevision } from '@cashback/cashback-db';
import { type Amount, formatAmount, formatAmounts } from '@cashback/contract';
import { type TargetChange, decideBreaker, riseOf, sendableOf } from '@cashback/core';
import type { DecidedCall } from './decide-call.ts';

/** By how much the targets of one service may grow in a window, for each currency. */
export interface BreakerBound {
  window_s: number;
  max_growth: Amount;
}

/** By service. One without a bound grows freely. */
export type BreakerBounds = Readonly<Record<string, BreakerBound>>;

interface GrowingOrder extends TargetChange {
  order_id: string;
  revision: number;
}

/** The orders of one service and currency whose target rises, and by how much together. */
export interface Growing extends AddedGrowth {
  max_growth: Amount;
  orders: GrowingOrder[];
}

/** What the breaker writes, once the growth is counted. */
export interface HoldWrites {
  held: HeldRevision[];
  /** What was counted of the held ones. */
  discounts: Omit<AddedGrowth, 'window_s'>[];
}

/** What a transaction adds to the windows of its services that have a bound. */
export function growingOf(decided: readonly DecidedCall[], bounds: BreakerBounds): Growing[] {
  const growing = new Map<string, Growing>();
  for (const { input, stored, decision } of decided) {
    const { order_id, service, currency } = input;
    const bound = Object.hasOwn(bounds, service) ? bounds[service] : undefined;
    if (bound === undefined || decision.outcome !== 'registered') continue;
    const before = stored === null ? {} : sendableOf(stored.target, stored.allowed ?? null);
    const order = { order_id, revision: decision.revision, before, target: decision.target };
    const rise = riseOf(order);
    if (rise === 0n) continue;
    const key = `${service} ${currency}`;
    const known = growing.get(key) ?? { service, currency, ...bound, growth: 0n, orders: [] };
    growing.set(key, { ...known, growth: known.growth + rise, orders: [...known.orders, order] });
  }
  return [...growing.values()];
}

/** Holds what takes a window beyond its bound. `windows` have the growth that was added. */
export function decideHolds(growing: readonly Growing[], windows: readonly GrownWindow[]): HoldWrites {
  const writes: HoldWrites = { held: [], discounts: [] };
  for (const { service, currency, window_s, max_growth, orders, growth } of growing) {
    const window = windows.find((one) => one.service === service && one.currency === currency);
    if (window === undefined) throw new Error(`the growth of ${service} in ${currency} was not counted`);
    const decision = decideBreaker({ growth: window.growth - growth, max_growth }, orders);
    orders.forEach(({ order_id, revision }, index) => {
      const one = decision.decisions[index];
      if (one?.outcome !== 'held') return;
      const hold = {
        service,
        currency,
        allowed: formatAmounts(one.allowed),
        window_start: window.window_start.toISOString(),
        window_s,
        growth: formatAmount(one.growth),
        max_growth: formatAmount(max_growth),
      };
      writes.held.push({ order_id, revision, hold });
    });
    const heldGrowth = window.growth - decision.growth;
    if (heldGrowth > 0n) writes.discounts.push({ service, currency, growth: heldGrowth });
  }
  return writes;
}
