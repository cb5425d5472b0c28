import { parseBalance } from '@cashback/contract/amount';
import type { BalanceReport } from './balance-report.ts';
import type { Drift } from './db/tables.ts';
import { type Position, comparePositions, positionOf } from './decide-adoption.ts';

/**
 * How an answer that was not adopted contradicts the cache; null: it does not. `asked` is what the cache held when the
 * payment system was asked: a callback may have been adopted since, and the answer is older than that one.
 */
export function decideDrift(
  cached: Position & { balance: string },
  asked: Position,
  answer: BalanceReport,
): Drift | null {
  const position = positionOf(cached, answer);
  if (comparePositions(position, asked) < 0) return 'behind';
  if (comparePositions(position, cached) < 0) return null;
  return parseBalance(answer.balance) === parseBalance(cached.balance) ? null : 'differs';
}
