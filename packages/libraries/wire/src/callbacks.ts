import * as z from 'zod';
import { invoiceEpochField } from './invoice.ts';
import {
  balanceField,
  currencyField,
  idField,
  serviceField,
  timestampField,
  versionField,
} from '@cashback/contract';

/** transactions -> processing: the money of an invoice changed. */
export const invoiceChangedCallback = z
  .object({
    invoice_id: idField,
    invoice_epoch: invoiceEpochField.optional(),
    version: versionField,
    service: serviceField,
  })
  .meta({ examples: [{ invoice_id: 'order-1', invoice_epoch: 1, version: 2, service: 'yellow' }] });
export type InvoiceChangedCallback = z.infer<typeof invoiceChangedCallback>;

/** transactions -> worker: an operation ended. Polling finds that too; the callback only expedites it. */
export const operationFinishedCallback = z
  .object({
    invoice_id: idField,
    invoice_epoch: invoiceEpochField.optional(),
    operation_id: idField,
    status: z.enum(['success', 'failed']),
  })
  .meta({
    examples: [{ invoice_id: 'order-1', invoice_epoch: 1, operation_id: 'operation-1', status: 'success' }],
  });
export type OperationFinishedCallback = z.infer<typeof operationFinishedCallback>;

/** Numbers the balances of a wallet: 1, 2, 3, .. */
export const sequenceField = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/**
 * Billing starts a new epoch after a restore, when it numbers balances again that it has numbered before. A balance is
 * newer by (epoch, sequence).
 */
export const billingEpochField = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** billing -> wallet: `balance` is absolute; `sequence` is per wallet and grows by 1. No `epoch`: the newest one known. */
export const balanceChangedCallback = z.object({
  wallet_id: idField,
  user_id: idField,
  currency: currencyField,
  balance: balanceField,
  epoch: billingEpochField.optional(),
  sequence: sequenceField,
  cause: idField,
  occurred_at: timestampField,
});
export type BalanceChangedCallback = z.infer<typeof balanceChangedCallback>;
