import type { InvoiceRow } from '@cashback/transactions/decisions';
import { newestEpoch } from '../../tables.ts';
import type { World } from '../../world.ts';

/** An invoice under its lock, with the newest epoch of its side; null when it is not there. */
export function lockInvoice({ tables }: World, invoiceId: string): InvoiceRow | null {
  const row = tables.invoices.get(invoiceId);
  return row === undefined ? null : { ...row, epoch: newestEpoch(tables.invoice_epochs) };
}
