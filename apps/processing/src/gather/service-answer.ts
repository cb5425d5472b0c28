import { type Amount, formatAmount, parseAmount } from '@cashback/contract';
import { HttpCallError } from '@cashback/service';
import type { ServiceCashbackInput, ServiceCashbackOutput } from '@cashback/wire';
import type { Answer } from './read-order.ts';

/** `is_unusable`: the service answered, but with something else than an amount of at most the base. */
export type ServiceAnswer =
  | { answered: true; value: Amount }
  | { answered: false; is_unusable: boolean; reason: string };

/** An order began with settings that have a URL, and the service has none now. */
export class ServiceUrlMissing extends Error {
  override readonly name = 'ServiceUrlMissing';
  readonly service: string;

  constructor(service: string) {
    super(`the order began with a URL of the service ${service}, which has none in CASHBACK_SERVICES now`);
    this.service = service;
  }
}

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
    return { answered: false, is_unusable: error.outcome === 'refused', reason: error.message };
  }
  const value = parseAmount(answer.body.value);
  if (value <= parseAmount(base)) return { answered: true, value };
  return {
    answered: false,
    is_unusable: true,
    reason: `expected a value of at most the base ${base}, got ${formatAmount(value)}`,
  };
}
