import type { Amount } from '@cashback/contract/amount';
import { type AmountsBySource, amountOf, sourcesOf } from '@cashback/contract/source';

/** A change of an order's target, from what may be sent of the one before. */
export interface TargetChange {
  before: AmountsBySource;
  target: AmountsBySource;
}

/**
 * - `passes`: all of the target may be sent;
 * - `held`: only `allowed` may be. `growth`: to what the window would have grown with it.
 */
export type BreakerDecision =
  | { outcome: 'passes' }
  | { outcome: 'held'; allowed: AmountsBySource; growth: Amount };

/** What the sources rise by. A source that is lowered takes nothing off: its money goes back, and another's leaves. */
export function riseOf({ before, target }: TargetChange): Amount {
  return sourcesOf(before, target).reduce((rise, source) => {
    const difference = amountOf(target, source) - amountOf(before, source);
    return difference > 0n ? rise + difference : rise;
  }, 0n);
}

/**
 * Decides, one after the other, on the changes of one service and currency in one window that has grown by `growth`. A
 * change passes while the window stays within the bound, and counts; one that would take it beyond is held, and counts
 * nothing. What is lowered always passes, also by source in a change that is held.
 */
export function decideBreaker(
  { growth, max_growth }: { growth: Amount; max_growth: Amount },
  changes: readonly TargetChange[],
): { decisions: BreakerDecision[]; growth: Amount } {
  let grown = growth;
  const decisions = changes.map((change): BreakerDecision => {
    const rise = riseOf(change);
    if (rise === 0n) return { outcome: 'passes' };
    if (grown + rise > max_growth) {
      return { outcome: 'held', allowed: sendableOf(change.target, change.before), growth: grown + rise };
    }
    grown += rise;
    return { outcome: 'passes' };
  });
  return { decisions, growth: grown };
}

/** The part of the target that stays within `allowed`, source by source; null: all of it. */
export function sendableOf(target: AmountsBySource, allowed: AmountsBySource | null): AmountsBySource {
  if (allowed === null) return target;
  return Object.fromEntries(
    sourcesOf(target).map((source) => {
      const [due, most] = [amountOf(target, source), amountOf(allowed, source)];
      return [source, due < most ? due : most];
    }),
  );
}
