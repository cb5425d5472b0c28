import * as z from 'zod';

/** One problem of an input: the field, what was expected, what was received. */
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
