import type { Invoice } from '@cashback/wire';
import { readInvoice } from '../db/queries/invoices/read-invoice.ts';
import type { Reader } from '@cashback/postgres';
import { invoiceNotFound } from './invoice.ts';

/** Throws `INVOICE_NOT_FOUND`. */
export async function requireInvoice(
  reader: Reader,
  invoiceId: string,
  compared: number | null = null,
): Promise<Invoice> {
  const invoice = await readInvoice(reader, invoiceId, compared);
  if (invoice === null) throw invoiceNotFound(invoiceId);
  return invoice;
}
