import { SOURCES, type Source, type AmountsBySource, amountOf, formatAmount } from '@cashback/contract';

/** A target in an answer: an entry for every source, zeros too, so that a caller need not know which ones were set. */
export function valuesOfAllSources(target: AmountsBySource): { source: Source; value: string }[] {
  return SOURCES.map((source) => ({ source, value: formatAmount(amountOf(target, source)) }));
}
