import { type Amount, formatAmount, parseAmount } from '@cashback/contract';
import { type ServiceCashbackInput, serviceCashbackOutput } from '@cashback/wire';
import { HttpCallError } from '@cashback/service';
import type { ServiceUrl } from '../services/open-services.ts';

export type ServiceAnswer = { answered: true; value: Amount } | { answered: false; reason: string };

/**
 * Asks a service's own URL how much it gives for the sum that is cleared now. A late or broken answer, or one above
 * the base in the question, counts as none. Rejects only when `signal` aborts the question.
 */
export async function askService(
  { client, path }: ServiceUrl,
  question: ServiceCashbackInput,
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  try {
    const answer = await client.post(path, question, serviceCashbackOutput, { signal });
    const value = parseAmount(answer.value);
    if (value <= parseAmount(question.base)) return { answered: true, value };
    return {
      answered: false,
      reason: `expected a value of at most the base ${question.base}, got ${formatAmount(value)}`,
    };
  } catch (error) {
    if (signal.aborted || !(error instanceof HttpCallError)) throw error;
    return { answered: false, reason: error.message };
  }
}
