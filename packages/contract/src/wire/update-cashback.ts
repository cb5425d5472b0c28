import * as z from 'zod';
import { CASHBACK_STATUSES } from './invoice.ts';
import { amountsBySource, counterField, currencyField, idField } from './fields.ts';

/**
 * `POST /update/cashback`: move the invoice's cashback to `reward`, the target by source (never a delta).
 * `version` is the `cashback.version` the caller has seen. Repeating an `operation_id` with the same body is harmless.
 */
export const updateCashbackInput = z.strictObject({
  invoice_id: idField,
  operation_id: idField,
  version: counterField,
  user_id: idField,
  wallet_id: idField,
  currency: currencyField,
  reward: amountsBySource,
});
export type UpdateCashbackInput = z.infer<typeof updateCashbackInput>;

/** Accepted, or where the operation stands by now; `version` is the invoice's `cashback.version` after it. */
export const updateCashbackOutput = z.object({
  operation_id: idField,
  status: z.enum(CASHBACK_STATUSES),
  version: counterField,
});
export type UpdateCashbackOutput = z.infer<typeof updateCashbackOutput>;
