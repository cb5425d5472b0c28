import * as z from 'zod';
import { cursorField, idField, limitField, versionField } from '@cashback/contract';
import { feedLagField, invoiceEpochField } from './invoice.ts';

/** `POST /v2/cashback/changes`: every change of a cashback version after the cursor. */
export const cashbackChangesInput = z
  .strictObject({
    after: cursorField.describe('The cursor of the page before; without it the feed starts over').optional(),
    limit: limitField.default(100),
  })
  .meta({ examples: [{ limit: 100 }] });

const cashbackChange = z.object({
  invoice_id: idField,
  invoice_epoch: invoiceEpochField.describe('The epoch in which the version was given out'),
  cashback_version: versionField,
  operation_id: idField
    .describe('Was accepted or ended; absent when no operation caused the change')
    .optional(),
});
export type CashbackChange = z.infer<typeof cashbackChange>;

export const cashbackChangesOutput = z
  .object({
    changes: z.array(cashbackChange).describe('Oldest change first; empty when there is nothing more yet'),
    cursor: cursorField.describe('Where the next page starts'),
    invoice_epoch: invoiceEpochField.describe('The newest epoch of this side'),
    lag_ms: feedLagField,
  })
  .meta({
    examples: [
      {
        changes: [
          { invoice_id: 'order-1', invoice_epoch: 1, cashback_version: 2, operation_id: 'operation-1' },
        ],
        cursor: '1.742.17',
        invoice_epoch: 1,
        lag_ms: 0,
      },
    ],
  });
export type CashbackChangesOutput = z.infer<typeof cashbackChangesOutput>;
