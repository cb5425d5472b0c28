import type { InvoiceStatus, Payment } from '@cashback/contract';
import type { Transaction } from '@cashback/postgres';

/** An invoice under its lock. What other tables hold is for a later statement: this one may have waited. */
export interface LockedInvoice {
  invoice_id: string;
  service: string;
  user_id: string;
  wallet_id: string;
  currency: string;
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
  cashback_version: number;
}

const text = `
  SELECT invoice_id, service, user_id, wallet_id, currency, version, status, payments, cashback_version
  FROM transactions.invoices
  WHERE invoice_id = ANY($1::text[])
  ORDER BY invoice_id
  FOR UPDATE`;

/** Locks the invoices until the transaction ends, all in one order, so that two transactions never wait for each other. */
export async function lockInvoices(tx: Transaction, invoiceIds: readonly string[]): Promise<LockedInvoice[]> {
  const { rows } = await tx.client.query<LockedInvoice>({
    name: 'transactions.lock-invoices',
    text,
    values: [invoiceIds],
  });
  return rows;
}

/** Null when there is no such invoice. */
export async function lockInvoice(tx: Transaction, invoiceId: string): Promise<LockedInvoice | null> {
  const [invoice] = await lockInvoices(tx, [invoiceId]);
  return invoice ?? null;
}
