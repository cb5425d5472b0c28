import * as z from 'zod';
import { amountField, idField, rateField, serviceField, sourceField, uniqueSources } from './fields.ts';

/** The share of a cleared sum that one source gives back, and the most it gives for the order. */
export const orderRate = z.strictObject({
  source: sourceField,
  rate: rateField,
  max_value: amountField.optional(),
});
export type OrderRate = z.infer<typeof orderRate>;

/** An order's rates, frozen at the first put. A source without a rate gives nothing. */
export const orderRates = z.strictObject({
  order_id: idField,
  service: serviceField,
  rates: uniqueSources(orderRate).min(1, 'at least one rate'),
});
export type OrderRates = z.infer<typeof orderRates>;

export const ratesGetInput = z.strictObject({ order_id: idField });
export type RatesGetInput = z.infer<typeof ratesGetInput>;
