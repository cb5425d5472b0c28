import * as z from 'zod';
import { counterField, idField, timestampField } from './fields.ts';

/** Most orders of one call. */
export const MAX_RECONCILE_ORDERS = 500;

const LIMIT_TEXT = `a page size: 1 to ${MAX_RECONCILE_ORDERS}`;
const AFTER_TEXT = 'the value of after in an earlier answer';

/** Either given orders, or a page of the orders that changed at a time or later. */
export const reconcileInput = z
  .strictObject({
    order_ids: z.array(idField).min(1).max(MAX_RECONCILE_ORDERS).optional(),
    changed_since: timestampField.optional(),
    after: z.string(AFTER_TEXT).max(512, AFTER_TEXT).optional(),
    limit: z
      .int(LIMIT_TEXT)
      .min(1, LIMIT_TEXT)
      .max(MAX_RECONCILE_ORDERS, LIMIT_TEXT)
      .default(MAX_RECONCILE_ORDERS),
  })
  .refine(({ order_ids, changed_since }) => (order_ids === undefined) !== (changed_since === undefined), {
    path: ['order_ids'],
    error: 'either order_ids or changed_since',
  })
  .refine(({ changed_since, after }) => changed_since !== undefined || after === undefined, {
    path: ['after'],
    error: 'no after with order_ids: it belongs to changed_since',
  });
export type ReconcileInput = z.input<typeof reconcileInput>;
export type ParsedReconcileInput = z.output<typeof reconcileInput>;

/** What a call made due. A page may be empty without being the last one: read on until `after` is null. */
export const reconcileOutput = z.object({
  due: counterField.describe('Orders that are observed now, and compared with their targets'),
  unknown: z.array(idField).describe('Those of order_ids that were never registered'),
  after: z.string().nullable().describe('Where the next page starts; null at the end, and with order_ids'),
});
export type ReconcileOutput = z.infer<typeof reconcileOutput>;
