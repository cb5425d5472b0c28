import * as z from 'zod';
import {
  amountField,
  counterField,
  cursorField,
  epochField,
  idField,
  limitField,
  sourceField,
  timestampField,
  versionField,
} from './fields.ts';

/** Either one order's events or a page of the feed. The feed is stable, not causal: keep the highest revision. */
export const eventsInput = z
  .strictObject({
    order_id: idField.optional(),
    after: cursorField.optional(),
    limit: limitField.default(100),
  })
  .refine((input) => input.order_id === undefined || input.after === undefined, {
    path: ['after'],
    error: 'either order_id or after: the cursor belongs to the feed of all orders',
  });
export type EventsInput = z.infer<typeof eventsInput>;

/** One change of one source's target. */
export const cashbackEvent = z.object({
  event_id: z.string().regex(/^\d{1,19}$/),
  order_id: idField,
  source: sourceField,
  value: amountField,
  revision: counterField,
  invoice_epoch: epochField,
  invoice_version: versionField,
  created_at: timestampField,
});
export type CashbackEvent = z.infer<typeof cashbackEvent>;

/** `cursor` is where the next page starts. A page of fewer than `limit` events is the end of the feed for now. */
export const eventsOutput = z.object({ events: z.array(cashbackEvent), cursor: cursorField });
export type EventsOutput = z.infer<typeof eventsOutput>;
