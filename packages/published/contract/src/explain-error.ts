import { ZodError } from 'zod';
import { CashbackError } from './errors.ts';
import type { InputIssue, ItemError } from './wire/item-error.ts';

export type DescribeIssues = (error: ZodError, input: unknown) => InputIssue[];

/** An error of the domain or of an input as callers receive it. Undefined for any other: callers never see those. */
export function explainError(
  error: unknown,
  input: unknown,
  describeIssues: DescribeIssues,
): ItemError | undefined {
  if (error instanceof CashbackError) {
    const { code, message, retryable, details } = error;
    return { code, message, retryable, details, issues: [] };
  }
  if (error instanceof ZodError) {
    const issues = describeIssues(error, input);
    const message = issues.map((issue) => issue.message).join('; ');
    return { code: 'BAD_REQUEST', message, retryable: false, details: {}, issues };
  }
  return undefined;
}

/** Replaces an internal error: its message may carry SQL, so it stays in the log. */
export const MASKED_ERROR: ItemError = {
  code: 'INTERNAL',
  message: 'internal error: see the server log',
  retryable: true,
  details: {},
  issues: [],
};
