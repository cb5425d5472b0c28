import type { ReadInvoice } from '../../invoices/shown-invoice.ts';
import { type BasketRow, heldBySource, heldElsewhere } from './baskets.ts';
import type { InvoiceRow } from './invoices.ts';
import { type OperationRow, type StepRow, newestOperations, shortBySource } from './operations.ts';

/** `readInvoice`, of an invoice with its baskets and operations and the steps of these. `limit`: `SHOWN_OPERATIONS`. */
export function readRow(
  { epoch, payee_version, ...fields }: InvoiceRow,
  rows: {
    baskets: readonly BasketRow[];
    operations: readonly OperationRow[];
    steps: readonly StepRow[];
  },
  limit: number,
): ReadInvoice {
  const operations = newestOperations(rows.operations, limit);
  return {
    ...fields,
    invoice_epoch: epoch,
    created_at: new Date(fields.created_at),
    updated_at: new Date(fields.updated_at),
    rewarded: heldBySource(rows.baskets),
    short: shortBySource(operations[0], rows.steps),
    elsewhere: heldElsewhere(rows.baskets, { payee_version, reconciled_epoch: fields.reconciled_epoch }),
    operations,
  };
}
