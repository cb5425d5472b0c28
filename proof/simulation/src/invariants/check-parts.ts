import { parseAmount } from '@cashback/contract/amount';
import { amountOf, sourcesOf } from '@cashback/contract/source';
import type { StandingOrders } from '@cashback/core';
import { targetOf } from './target-of.ts';
import type { OrderRow } from '../tables.ts';
import type { World } from '../world.ts';
import { rewardedAtTrust } from './at-trust.ts';
import { parseOnce } from './parse-once.ts';
import { owedBy } from './waits-for-money.ts';
import { must } from './violation.ts';

type Sums = Map<string, bigint>;

/** 14: what targets and rewarded differ by, over all orders, is the sum of the parts that the server reports. */
export function checkParts(world: World): void {
  const { tables, decisions } = world;
  const orders = [...tables.orders.values()];
  // Rows are replaced, never changed, and no event is written without its order's row.
  if (isUnchanged(world.summed, orders)) return;
  world.summed = orders;
  const standing = orders.filter(isStanding).map((order) => standingOf(world, order));
  const services = decisions.server.sumParts(standing);
  const whole: Sums = new Map();
  for (const order of orders) {
    for (const [source, difference] of Object.entries(differenceOf(world, order))) {
      add(whole, keyOf(order, source), difference);
    }
  }
  const summed: Sums = new Map();
  let counted = 0;
  for (const { parts, ...service } of services) {
    for (const { orders: count, difference } of parts) {
      counted += count;
      for (const { source, amount } of difference) add(summed, keyOf(service, source), parseSum(amount));
    }
  }
  for (const key of new Set([...whole.keys(), ...summed.keys()])) {
    const [all, ofParts] = [whole.get(key) ?? 0n, summed.get(key) ?? 0n];
    must(14, all === ofParts, () => `${key}: targets - rewarded is ${all}, the sum of the parts ${ofParts}`);
  }
  const [known, unsettled] = [counted, standing.length];
  must(14, known === unsettled, () => `${unsettled} orders are not settled, the parts have ${known}`);
}

/** 14, at rest: the part `owed` is what rewarded is above the targets of the orders that owe. */
export function checkOwed(world: World): void {
  const { tables, decisions } = world;
  const owing = [...tables.orders.values()].filter((order) => owedBy(order) !== null);
  if (owing.length === 0) return;
  const above: Sums = new Map();
  for (const order of owing) {
    const carried = rewardedAtTrust(tables, order.order_id);
    const target = targetOf(tables.events, order.order_id);
    for (const source of sourcesOf(carried, target)) {
      add(above, keyOf(order, source), amountOf(target, source) - amountOf(carried, source));
    }
  }
  const standing = [...tables.orders.values()].filter(isStanding).map((order) => standingOf(world, order));
  for (const { parts, ...service } of decisions.server.sumParts(standing)) {
    for (const { source, amount } of parts.find(({ part }) => part === 'owed')?.difference ?? []) {
      const key = keyOf(service, source);
      const [owed, expected] = [parseSum(amount), above.get(key) ?? 0n];
      must(
        14,
        owed === expected,
        () => `${key}: the part of what is owed is ${owed}, at Trust it is ${expected}`,
      );
    }
  }
}

function isUnchanged(before: readonly OrderRow[], now: readonly OrderRow[]): boolean {
  return before.length === now.length && now.every((row, index) => row === before[index]);
}

function isStanding({ settled_revision, revision, attention }: OrderRow): boolean {
  return settled_revision < revision || attention !== null;
}

/** As `sumDifferences` reads it. */
function standingOf(world: World, order: OrderRow): StandingOrders {
  const { service, currency, attention, attention_code, attention_since, unsettled_since } = order;
  const needs_attention = attention !== null;
  return {
    service,
    currency,
    needs_attention,
    attention_code: needs_attention ? attention_code : null,
    orders: 1,
    oldest_since: new Date(needs_attention ? (attention_since ?? unsettled_since) : unsettled_since),
    difference: differenceOf(world, order),
  };
}

function differenceOf({ tables }: World, { order_id, rewarded }: OrderRow): Record<string, bigint> {
  const target = targetOf(tables.events, order_id);
  const carried = parseOnce(rewarded);
  const sources = sourcesOf(target, carried);
  return Object.fromEntries(
    sources.map((source) => [source, amountOf(target, source) - amountOf(carried, source)]),
  );
}

function keyOf({ service, currency }: { service: string; currency: string }, source: string): string {
  return `${service} ${currency}, ${source}`;
}

function add(sums: Sums, key: string, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

function parseSum(text: string): bigint {
  return text.startsWith('-') ? -parseAmount(text.slice(1)) : parseAmount(text);
}
