import * as z from 'zod';
import { amountField, currencyField, idField, serviceField, versionField } from '@cashback/contract';

/** The question to a service's own URL: how much does it give back for what is cleared now? */
export const serviceCashbackInput = z.object({
  order_id: idField,
  service: serviceField,
  user_id: idField,
  currency: currencyField,
  invoice_version: versionField,
  cleared_sum: amountField,
  base: amountField,
});
export type ServiceCashbackInput = z.infer<typeof serviceCashbackInput>;

export const serviceCashbackOutput = z.object({ value: amountField });
export type ServiceCashbackOutput = z.infer<typeof serviceCashbackOutput>;
