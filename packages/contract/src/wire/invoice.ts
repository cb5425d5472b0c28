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
  timestampField,
  versionField,
} from './fields.ts';

/** `held`: reserved, nothing captured. `cleared`: the items say what is captured now. `cancelled`: nothing is. */
export const INVOICE_STATUSES = ['held', 'cleared', 'cancelled'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

const MAX_LINES = 100;
const item = z.object({ item_id: idField, amount: amountField });
const payment = z.object({ payment_type: idField, items: z.array(item).max(MAX_LINES) });
export type Payment = z.infer<typeof payment>;

const paymentsIn = z
  .array(z.strictObject({ payment_type: idField, items: z.array(z.strictObject(item.shape)).max(MAX_LINES) }))
  .max(20, 'at most 20 payments')
  .refine((payments) => payments.reduce((lines, { items }) => lines + items.length, 0) <= MAX_LINES, {
    error: `at most ${MAX_LINES} items in all payments together`,
  });

/** `init`: accepted. `in-progress`: baskets are moving. `success` and `failed` are terminal. */
export const CASHBACK_STATUSES = ['init', 'in-progress', 'success', 'failed'] as const;
export type CashbackStatus = (typeof CASHBACK_STATUSES)[number];

/** `operations`: the newest 20, newest first. `rewarded`: what the order's baskets carry now. */
export const invoiceCashback = z.object({
  version: counterField,
  status: z.enum(CASHBACK_STATUSES),
  rewarded: z.array(amountsBySource.element),
  operations: z.array(
    z.object({
      operation_id: idField,
      status: z.enum(CASHBACK_STATUSES),
      reward: z.array(amountsBySource.element),
      reason: z.string().optional(),
    }),
  ),
});
export type InvoiceCashback = z.infer<typeof invoiceCashback>;

/** What an order costs, how it was paid, and the cashback it carries. `version` grows with every change of money. */
export const invoice = z.object({
  invoice_id: idField,
  service: serviceField,
  user_id: idField,
  wallet_id: idField,
  currency: currencyField,
  version: versionField,
  status: z.enum(INVOICE_STATUSES),
  payments: z.array(payment),
  cashback: invoiceCashback,
  created_at: timestampField,
  updated_at: timestampField,
});
export type Invoice = z.infer<typeof invoice>;

/** `POST /v2/invoice/create` */
export const invoiceCreateInput = z.strictObject({
  invoice_id: idField,
  service: serviceField,
  user_id: idField,
  wallet_id: idField,
  currency: currencyField,
  status: z.enum(['held', 'cleared']),
  payments: paymentsIn,
});
export type InvoiceCreateInput = z.infer<typeof invoiceCreateInput>;

/** `POST /v2/invoice/update`: states what is captured now; `version` is the one the caller has seen. */
export const invoiceUpdateInput = z.strictObject({
  invoice_id: idField,
  version: versionField,
  status: z.enum(INVOICE_STATUSES),
  payments: paymentsIn,
});
export type InvoiceUpdateInput = z.infer<typeof invoiceUpdateInput>;

/** `POST /v2/invoice/retrieve` */
export const invoiceRetrieveInput = z.strictObject({ invoice_id: idField });

/** `POST /v2/invoice/changes`: every invoice whose money changed after the cursor, its newest version only. */
export const invoiceChangesInput = z.strictObject({
  after: cursorField.optional(),
  limit: limitField.default(100),
});
export const invoiceChange = z.object({ invoice_id: idField, version: versionField, service: serviceField });
export type InvoiceChange = z.infer<typeof invoiceChange>;
export const invoiceChangesOutput = z.object({ changes: z.array(invoiceChange), cursor: cursorField });
export type InvoiceChangesOutput = z.infer<typeof invoiceChangesOutput>;
