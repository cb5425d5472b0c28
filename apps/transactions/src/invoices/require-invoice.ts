import { CashbackError } from '@cashback/contract';
import type { Invoice } from '@cashback/wire';
import { readInvoice } from '../db/queries/invoices/read-invoice.ts';
import type { Reader } from '@cashback/postgres';

/** Throws `INVOICE_NOT_FOUND`. */
export async function requireInvoice(reader: Reader, invoiceId: string): Promise<Invoice> {
  const invoice = await readInvoice(reader, invoiceId);
  if (invoice === null) throw invoiceNotFound(invoiceId);
  return invoice;
}

export function invoiceNotFound(invoiceId: string): CashbackError {
  return new CashbackError('INVOICE_NOT_FOUND', `there is no invoice ${invoiceId}`, {
    invoice_id: invoiceId,
  });
}
