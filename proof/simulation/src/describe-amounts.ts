import { formatAmount } from '@cashback/contract/amount';
import { SOURCES, type AmountsBySource, amountOf } from '@cashback/contract/source';

export function describeAmounts(amounts: AmountsBySource): string {
  return SOURCES.map((source) => `${source} ${formatAmount(amountOf(amounts, source))}`).join(', ');
}
