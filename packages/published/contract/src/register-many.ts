import { type DescribeIssues, MASKED_ERROR, explainError } from './explain-error.ts';
import type { CashbackServices } from './services.ts';
import { type RegisterManyOutput, registerInput } from './wire/register.ts';

interface RegisterManyOptions {
  services: Pick<CashbackServices, 'registerMany'>;
  describeIssues: DescribeIssues;
  /** Receives the errors that callers do not see. */
  reportFault: (error: unknown) => void;
}

/**
 * Parses each item by itself, so that a malformed one fails none of the others, and registers the valid ones in their
 * order.
 */
export async function registerMany(
  items: readonly unknown[],
  { services, describeIssues, reportFault }: RegisterManyOptions,
): Promise<RegisterManyOutput> {
  function failed(item: unknown, error: unknown): RegisterManyOutput[number] {
    const explained = explainError(error, item, describeIssues);
    if (explained === undefined) reportFault(error);
    return { error: explained ?? MASKED_ERROR };
  }

  const parsed = items.map((item) => registerInput.safeParse(item));
  const inputs = parsed.flatMap(({ data }) => (data === undefined ? [] : [data]));
  const results = (await services.registerMany(inputs)).values();
  return parsed.map(({ error }, index) => {
    const item = items[index];
    if (error !== undefined) return failed(item, error);
    const result = results.next().value;
    if (result === undefined) return failed(item, new Error(`registerMany has no result for item ${index}`));
    return result.status === 'fulfilled' ? { result: result.value } : failed(item, result.reason);
  });
}
