import { type Amount, formatAmount, parseAmount } from '@cashback/contract';
import { HttpCallError } from '@cashback/service';
import type { ServiceCashbackInput, ServiceCashbackOutput } from '@cashback/wire';
import type { Answer } from './read-order.ts';

export type ServiceAnswer = { answered: true; value: Amount } | { answered: false; reason: string };

/** Of a question that was given up. */
const ABORTED = 'ABORTED';

/**
 * What a service's own URL gives. A late or broken answer, or one above the base in the question, counts as none. Throws
 * the error of a question that was given up, and one that is not of the call.
 */
export function serviceAnswerOf(
  { base }: Pick<ServiceCashbackInput, 'base'>,
  answer: Answer<ServiceCashbackOutput>,
): ServiceAnswer {
  if ('error' in answer) {
    const { error } = answer;
    if (!(error instanceof HttpCallError) || error.code === ABORTED) throw error;
    return { answered: false, reason: error.message };
  }
  const value = parseAmount(answer.body.value);
  if (value <= parseAmount(base)) return { answered: true, value };
  return {
    answered: false,
    reason: `expected a value of at most the base ${base}, got ${formatAmount(value)}`,
  };
}
