import * as z from 'zod';
import {
  amountField,
  amountsBySource,
  counterField,
  currencyField,
  cursorField,
  idField,
  limitField,
  serviceField,
  sumField,
  timestampField,
  valuesBySource,
} from './fields.ts';
import { reasonField } from './payee.ts';

export const breakerListInput = z.strictObject({
  /** Absent: every service. */
  service: serviceField.optional(),
  after: cursorField.optional(),
  limit: limitField.default(100),
});
export type BreakerListInput = z.infer<typeof breakerListInput>;

/** An order with a part of its target that is held: what is above `allowed` is not sent until it is released. */
const heldOrder = z.object({
  order_id: idField,
  service: serviceField,
  currency: currencyField,
  revision: counterField,
  target: valuesBySource,
  allowed: amountsBySource,
  held_since: timestampField,
  /** The window that the register fell into, and to what it would have grown with this order. */
  window_start: timestampField,
  window_s: z.int(),
  growth: sumField,
  max_growth: amountField,
});
export type HeldOrder = z.infer<typeof heldOrder>;

/** By `order_id`. `cursor` is where the next page starts; null at the end. */
export const breakerListOutput = z.object({ orders: z.array(heldOrder), cursor: cursorField.nullable() });
export type BreakerListOutput = z.infer<typeof breakerListOutput>;

export const MAX_RELEASES = 500;
const RELEASES_TEXT = `1 to ${MAX_RELEASES} orders, each once`;

/** A release is of the revision that was seen: a newer target is not released with it. */
export const breakerReleaseInput = z.strictObject({
  orders: z
    .array(z.strictObject({ order_id: idField, revision: counterField }))
    .min(1, RELEASES_TEXT)
    .max(MAX_RELEASES, RELEASES_TEXT)
    .refine(
      (orders) => new Set(orders.map(({ order_id }) => order_id)).size === orders.length,
      RELEASES_TEXT,
    ),
  reason: reasonField,
});
export type BreakerReleaseInput = z.infer<typeof breakerReleaseInput>;

/** `not_held`: nothing of it is held, so there is nothing to release. `other_revision`: its target has changed since. */
export const RELEASE_OUTCOMES = ['released', 'not_held', 'other_revision', 'not_found'] as const;
export type ReleaseOutcome = (typeof RELEASE_OUTCOMES)[number];

/** In the order of the input. */
export const breakerReleaseOutput = z.object({
  orders: z.array(z.object({ order_id: idField, outcome: z.enum(RELEASE_OUTCOMES) })),
});
export type BreakerReleaseOutput = z.infer<typeof breakerReleaseOutput>;
