import * as z from 'zod';
import { MAX_AMOUNT, formatAmount, parseAmount, sumAmounts } from '../amount.ts';
import {
  amountField,
  counterField,
  currencyField,
  epochField,
  idField,
  serviceField,
  valuesBySource,
  versionField,
} from './fields.ts';
import { itemError } from './item-error.ts';
import { receiptField } from './receipt.ts';

/**
 * The target cashback of one order. At least one of `cashback_by_source` and `cashback_sum` is given; with both
 * they must agree. Older callers send `cashback_sum` alone: all of it is funded by `user`.
 */
export const registerInput = z
  .strictObject({
    order_id: idField,
    service: serviceField,
    user_id: idField,
    wallet_id: idField,
    currency: currencyField,
    /**
     * The epoch that the invoice's version is of; absent: the stored one, or 1 for a new order. A caller that gives it also
     * gives `expected_revision` when it states another target for an (epoch, version) that is stored already.
     */
    invoice_epoch: epochField.optional(),
    invoice_version: versionField,
    cleared_sum: amountField,
    cashback_by_source: valuesBySource.optional(),
    cashback_sum: amountField.optional(),
    expected_revision: counterField.optional(),
    receipt: receiptField.optional(),
  })
  .refine((input) => input.cashback_by_source !== undefined || input.cashback_sum !== undefined, {
    path: ['cashback_by_source'],
    error: 'cashback_by_source or cashback_sum (or both)',
  })
  .refine((input) => sumOfValues(input.cashback_by_source ?? []) <= MAX_AMOUNT, {
    path: ['cashback_by_source'],
    error: `values whose sum is at most ${formatAmount(MAX_AMOUNT)}`,
    // Only well-formed values can be added up.
    when: ({ issues }) => issues.length === 0,
  });
export type RegisterInput = z.infer<typeof registerInput>;

function sumOfValues(values: readonly { value: string }[]): bigint {
  return sumAmounts(values.map(({ value }) => parseAmount(value)));
}

/** `registered`: the target changed. `unchanged`: it equals the stored one. `stale`: a newer (epoch, version) of the invoice is stored. */
export const REGISTER_OUTCOMES = ['registered', 'unchanged', 'stale'] as const;
export type RegisterOutcome = (typeof REGISTER_OUTCOMES)[number];

/** What is stored after the call, for every outcome. */
export const registerOutput = z.object({
  need_processing: z.literal(true),
  outcome: z.enum(REGISTER_OUTCOMES),
  revision: counterField,
  invoice_epoch: epochField,
  invoice_version: versionField,
  cashback_sum: amountField,
  cashback_by_source: valuesBySource,
});
export type RegisterOutput = z.infer<typeof registerOutput>;

export const MAX_REGISTER_ITEMS = 500;
const ITEMS_TEXT = `1 to ${MAX_REGISTER_ITEMS} registers`;

/** Inputs of `register`. Each is parsed by itself, so that a malformed one fails none of the others. */
export const registerManyInput = z
  .array(z.custom<RegisterInput>(), ITEMS_TEXT)
  .min(1, ITEMS_TEXT)
  .max(MAX_REGISTER_ITEMS, ITEMS_TEXT);
export type RegisterManyInput = z.infer<typeof registerManyInput>;

/** For each input, in order: the answer or the error that `register` would give. */
export const registerManyOutput = z.array(
  z.union([z.object({ result: registerOutput }), z.object({ error: itemError })]),
);
export type RegisterManyOutput = z.infer<typeof registerManyOutput>;
