import type { InvoiceStatus, Payment } from '@cashback/wire';
import type { Transaction } from '@cashback/postgres';

export interface InvoiceVersion {
  invoice_id: string;
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
  captured_sum: string;
  changed_by: string;
}

const text = `
  INSERT INTO transactions.invoice_history (invoice_id, version, status, payments, captured_sum, changed_by)
  VALUES ($1, $2, $3, $4, $5, $6)`;

export async function insertInvoiceHistory(tx: Transaction, version: InvoiceVersion): Promise<void> {
  await tx.client.query({
    name: 'transactions.insert-invoice-history',
    text,
    values: [
      version.invoice_id,
      version.version,
      version.status,
      JSON.stringify(version.payments),
      version.captured_sum,
      version.changed_by,
    ],
  });
}
