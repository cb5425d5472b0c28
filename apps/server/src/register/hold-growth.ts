import { type HeldRevision, countGrowth, discountGrowth, holdOrders } from '@cashback/cashback-db';
import { type Amount, formatAmount, formatAmounts } from '@cashback/contract';
import { type TargetChange, decideBreaker, riseOf, sendableOf } from '@cashback/core';
import type { Transaction } from '@cashback/postgres';
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

/** The orders of one service and currency whose target rises. */
interface Growing {
  service: string;
  currency: string;
  bound: BreakerBound;
  orders: GrowingOrder[];
}

/**
 * Holds the registered targets that take their service beyond its bound. The growth is counted in the transaction that
 * registers, under the lock of its window: run it last, as the next transaction of the service waits for this one then.
 */
export async function holdGrowth(
  tx: Transaction,
  decided: readonly DecidedCall[],
  bounds: BreakerBounds,
): Promise<void> {
  const growing = growingOf(decided, bounds);
  const added = growing.map((one) => ({
    ...one,
    window_s: one.bound.window_s,
    growth: sumOfRises(one.orders),
  }));
  const windows = await countGrowth(tx, added);
  const held: HeldRevision[] = [];
  const discounts = [];
  for (const { service, currency, bound, orders, growth } of added) {
    const window = windows.find((one) => one.service === service && one.currency === currency);
    if (window === undefined) throw new Error(`the growth of ${service} in ${currency} was not counted`);
    const before = window.growth - growth;
    const decision = decideBreaker({ growth: before, max_growth: bound.max_growth }, orders);
    orders.forEach(({ order_id, revision }, index) => {
      const one = decision.decisions[index];
      if (one?.outcome !== 'held') return;
      const hold = {
        service,
        currency,
        allowed: formatAmounts(one.allowed),
        window_start: window.window_start.toISOString(),
        window_s: bound.window_s,
        growth: formatAmount(one.growth),
        max_growth: formatAmount(bound.max_growth),
      };
      held.push({ order_id, revision, hold });
    });
    const heldGrowth = window.growth - decision.growth;
    if (heldGrowth > 0n) discounts.push({ service, currency, growth: heldGrowth });
  }
  await discountGrowth(tx, discounts);
  await holdOrders(tx, held);
}

function growingOf(decided: readonly DecidedCall[], bounds: BreakerBounds): Growing[] {
  const growing = new Map<string, Growing>();
  for (const { input, stored, decision } of decided) {
    const { order_id, service, currency } = input;
    const bound = Object.hasOwn(bounds, service) ? bounds[service] : undefined;
    if (bound === undefined || decision.outcome !== 'registered') continue;
    const before = stored === null ? {} : sendableOf(stored.target, stored.allowed ?? null);
    const order = { order_id, revision: decision.revision, before, target: decision.target };
    if (riseOf(order) === 0n) continue;
    const key = `${service} ${currency}`;
    const known = growing.get(key);
    if (known === undefined) growing.set(key, { service, currency, bound, orders: [order] });
    else known.orders.push(order);
  }
  return [...growing.values()];
}

function sumOfRises(orders: readonly TargetChange[]): Amount {
  return orders.reduce((sum, order) => sum + riseOf(order), 0n);
}
