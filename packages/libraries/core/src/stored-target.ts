import { type Amount, formatAmount } from '@cashback/contract/amount';
import { type AmountsBySource, isSource, sourcesOf, totalOf } from '@cashback/contract/source';

/**
 * Why a stored target is not one that an order may be charged or changed by:
 * - `unknown_source`: a newer release wrote a source that this one does not know;
 * - `sum_contradicts_events`: the order's sum is not that of its newest events, as after an import without events.
 */
export interface TargetProblem {
  code: 'unknown_source' | 'sum_contradicts_events';
  message: string;
  details: Record<string, unknown>;
}

/** Null: the newest events are the target. An order is never charged by a part of what it should carry. */
export function findTargetProblem(target: AmountsBySource, cashbackSum: Amount): TargetProblem | null {
  const sources = sourcesOf(target).filter((source) => !isSource(source));
  if (sources.length > 0) {
    return {
      code: 'unknown_source',
      message: `the order has events of the source ${sources.join(', ')}, which this release does not know`,
      details: { sources },
    };
  }
  if (totalOf(target) === cashbackSum) return null;
  const [cashback_sum, sum_of_events] = [formatAmount(cashbackSum), formatAmount(totalOf(target))];
  return {
    code: 'sum_contradicts_events',
    message: `the order has the cashback_sum ${cashback_sum}, its newest events have ${sum_of_events}: add the missing events`,
    details: { cashback_sum, sum_of_events },
  };
}
