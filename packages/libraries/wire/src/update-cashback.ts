import * as z from 'zod';
import { cashbackStatus, invoiceEpochField } from './invoice.ts';
import { amountsBySource, counterField, currencyField, idField } from '@cashback/contract';

/** `repeated`: the operation was carried out before a restore. `complete`: all that the restore forgot was repeated. */
const statedHistory = z
  .strictObject({
    invoice_epoch: invoiceEpochField.describe('The epoch in which the caller has seen an unknown history'),
    state: z
      .enum(['repeated', 'complete'])
      .describe(
        'repeated: the operation was made before a restore; complete: the caller has repeated all of those, and this one is new',
      ),
  })
  .describe(
    'The knowledge of the caller of an invoice whose cashback.history is unknown; it means nothing for any other',
  );
export type StatedHistory = z.infer<typeof statedHistory>;

/**
 * `POST /update/cashback`: move the invoice's cashback to `reward`, the target by source (never a delta).
 * `version` is the `cashback.version` the caller has seen. Repeating an `operation_id` with the same body is harmless.
 */
export const updateCashbackInput = z
  .strictObject({
    invoice_id: idField,
    operation_id: idField.describe("The caller's own; it stands for this body, forever"),
    version: counterField.describe('The cashback.version that the caller has seen'),
    user_id: idField,
    wallet_id: idField,
    currency: currencyField,
    reward: amountsBySource.describe(
      'The target by source, never a difference; each source at most once, one left out is 0',
    ),
    history: statedHistory.optional(),
  })
  .meta({
    examples: [
      {
        invoice_id: 'order-1',
        operation_id: 'operation-1',
        version: 0,
        user_id: 'user-1',
        wallet_id: 'wallet-1',
        currency: 'USD',
        reward: [
          { source: 'user', amount: '5.0000' },
          { source: 'service', amount: '2.5000' },
        ],
      },
    ],
  });
export type UpdateCashbackInput = z.infer<typeof updateCashbackInput>;

/** Accepted, or where the operation stands by now; `version` is the invoice's `cashback.version` after it. */
export const updateCashbackOutput = z
  .object({
    operation_id: idField,
    status: cashbackStatus,
    version: counterField.describe('The cashback.version after the operation, as far as it has come'),
  })
  .meta({ examples: [{ operation_id: 'operation-1', status: 'init', version: 1 }] });
export type UpdateCashbackOutput = z.infer<typeof updateCashbackOutput>;
