import { type RegisterInput, formatAmount, formatValues } from '@cashback/contract';
import type { Calculation } from '@cashback/core';
import type { Inputs } from '../gather/choose-inputs.ts';

/** What to register: the result of a calculation, for the revision that its inputs were read at. */
export function registerInputOf(
  { invoice, expected_revision }: Inputs,
  { cleared_sum, target, receipt }: Extract<Calculation, { outcome: 'calculated' }>,
): RegisterInput {
  return {
    order_id: invoice.invoice_id,
    service: invoice.service,
    user_id: invoice.user_id,
    wallet_id: invoice.wallet_id,
    currency: invoice.currency,
    ...(invoice.invoice_epoch !== undefined && { invoice_epoch: invoice.invoice_epoch }),
    invoice_version: invoice.version,
    cleared_sum: formatAmount(cleared_sum),
    cashback_by_source: formatValues(target),
    expected_revision,
    receipt,
  };
}
