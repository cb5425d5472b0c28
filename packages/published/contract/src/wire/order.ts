import * as z from 'zod';
import { attentionEntry } from './attention-orders.ts';
import {
  amountField,
  amountsBySource,
  counterField,
  currencyField,
  epochField,
  idField,
  serviceField,
  timestampField,
  valuesBySource,
  versionField,
} from './fields.ts';

export const orderInput = z.strictObject({ order_id: idField });
export type OrderInput = z.infer<typeof orderInput>;

/** How an operation ended. `transactions` says `applied` or `failed`; `rejected`: the operation can never apply. */
export const OPERATION_OUTCOMES = ['applied', 'failed', 'rejected'] as const;
export type OperationOutcome = (typeof OPERATION_OUTCOMES)[number];

/** One attempt to move an order's cashback to a target. `outcome` is null until the end is known. */
const orderOperation = z.object({
  operation_id: idField,
  revision: counterField,
  reward: amountsBySource,
  created_at: timestampField,
  outcome: z.enum(OPERATION_OUTCOMES).nullable(),
  reason: z.string().nullable(),
  finished_at: timestampField.nullable(),
});

export const ORDER_STATES = ['settled', 'in_flight', 'needs_attention'] as const;

/** An order as the tables have it. `operations`: the newest 50, newest first. */
export const orderOutput = z.object({
  order_id: idField,
  service: serviceField,
  user_id: idField,
  wallet_id: idField,
  currency: currencyField,
  invoice_epoch: epochField,
  invoice_version: versionField,
  cleared_sum: amountField,
  cashback_sum: amountField,
  revision: counterField,
  settled_revision: counterField,
  state: z.enum(ORDER_STATES),
  attention: z.string().optional(),
  attention_code: z.string().optional().describe('One of ATTENTION_CODES, or a code of a newer release'),
  attention_since: timestampField.optional(),
  attention_details: z.record(z.string(), z.json()).optional(),
  reported_attention: z
    .array(attentionEntry)
    .optional()
    .describe('Needs for attention that other apps report of the order; `state` does not count them'),
  target: valuesBySource,
  rewarded: amountsBySource,
  owed: amountsBySource
    .describe('The part of rewarded that its wallet did not have when it was to be taken back; absent: none')
    .optional(),
  operations: z.array(orderOperation),
  receipt: z.record(z.string(), z.json()).nullable(),
  created_at: timestampField,
  updated_at: timestampField,
});
export type OrderOutput = z.infer<typeof orderOutput>;
