import * as z from 'zod';
import { counterField, idField } from './fields.ts';

const REASON_TEXT = 'a reason: 1 to 500 characters';
/** Why a person changes something; kept with the change. */
export const reasonField = z
  .string(REASON_TEXT)
  .min(1, REASON_TEXT)
  .max(500, REASON_TEXT)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), REASON_TEXT);

const payee = z.strictObject({ user_id: idField, wallet_id: idField });
export type Payee = z.infer<typeof payee>;

/** `from`: the payee that the caller saw. The currency never changes. */
export const changePayeeInput = z.strictObject({
  order_id: idField,
  expected_revision: counterField,
  from: payee,
  to: payee,
  reason: reasonField,
});
export type ChangePayeeInput = z.infer<typeof changePayeeInput>;

/** `unchanged`: the order has this payee already, as after a repeat. */
export const changePayeeOutput = z.object({
  order_id: idField,
  outcome: z.enum(['changed', 'unchanged']),
  revision: counterField,
});
export type ChangePayeeOutput = z.infer<typeof changePayeeOutput>;
