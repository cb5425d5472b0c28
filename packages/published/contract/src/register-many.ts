import type { CashbackServices } from './router.ts';
import { type DescribeIssues, MASKED_ERROR, explainError } from './explain-error.ts';
import {
  type RegisterManyInput,
  type RegisterManyOutput,
  type RegisterOutput,
  registerInput,
} from './wire/register.ts';

interface RegisterManyOptions {
  services: Pick<CashbackServices, 'register'>;
  describeIssues: DescribeIssues;
  /** Hears of errors that callers are not told. */
  reportFault: (error: unknown) => void;
}

/** Registers each item by itself; those of one order take effect in the order in which they stand. */
export async function registerMany(
  items: RegisterManyInput,
  { services, describeIssues, reportFault }: RegisterManyOptions,
): Promise<RegisterManyOutput> {
  async function registerOne(item: unknown): Promise<RegisterManyOutput[number]> {
    try {
      const result: RegisterOutput = await services.register(registerInput.parse(item));
      return { result };
    } catch (error) {
      const explained = explainError(error, item, describeIssues);
      if (explained === undefined) reportFault(error);
      return { error: explained ?? MASKED_ERROR };
    }
  }
  return Promise.all(items.map(registerOne));
}
