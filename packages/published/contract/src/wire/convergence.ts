import * as z from 'zod';
import { ORDER_PARTS } from '../order-parts.ts';
import { currencyField, serviceField, sumField, timestampField } from './fields.ts';

export const convergenceInput = z.strictObject({
  /** Absent: every service. */
  service: serviceField.optional(),
});
export type ConvergenceInput = z.infer<typeof convergenceInput>;

/** A source may be one that only a newer release knows. */
const differences = z.array(z.object({ source: z.string(), amount: sumField }));

const convergencePart = z.object({
  part: z.enum(ORDER_PARTS),
  orders: z.int().min(0),
  /** Since when the oldest order is in this part; null without an order. */
  oldest_since: timestampField.nullable(),
  oldest_age_ms: z.int().min(0).nullable(),
  /** Sum of targets - sum of rewarded, by source. */
  difference: differences,
});

/**
 * Sum of targets - sum of rewarded for each service and currency, by source, and the parts that it is the sum of: all of
 * one snapshot. A service whose orders are all settled has no entry: its difference is zero.
 */
export const convergenceOutput = z.object({
  as_of: timestampField,
  services: z.array(
    z.object({
      service: serviceField,
      currency: currencyField,
      difference: differences,
      parts: z.array(convergencePart),
    }),
  ),
});
export type ConvergenceOutput = z.infer<typeof convergenceOutput>;
