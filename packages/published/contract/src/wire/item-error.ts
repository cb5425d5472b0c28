import * as z from 'zod';

/** One thing that is wrong with an input: where, what was expected, what came. */
const inputIssue = z.object({
  path: z.string(),
  expected: z.string(),
  received: z.string(),
  message: z.string(),
});
export type InputIssue = z.infer<typeof inputIssue>;

/** The part of every error answer that a program reads. */
const errorDetails = z.object({
  code: z.string(),
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()),
  issues: z.array(inputIssue),
});
export type ErrorDetails = z.infer<typeof errorDetails>;

/** Why one of many items failed. */
export const itemError = errorDetails.extend({ message: z.string() });
export type ItemError = z.infer<typeof itemError>;
