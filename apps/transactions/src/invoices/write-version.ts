import { formatAmount } from '@cashback/contract';
import type { InvoiceChangedCallback, InvoiceStatus, Payment } from '@cashback/wire';
import type { Transaction } from '@cashback/postgres';
import { insertCallbacks } from '../db/queries/callbacks/insert-callbacks.ts';
import { insertInvoiceHistory } from '../db/queries/invoices/insert-invoice-history.ts';
import { capturedSum } from './payments.ts';

interface WrittenVersion {
  invoice_id: string;
  service: string;
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
}

/** What goes with every change of an invoice's money: the row that explains it, and the callback that tells of it. */
export async function writeVersion(
  tx: Transaction,
  written: WrittenVersion,
  changedBy: string,
): Promise<void> {
  const { invoice_id, service, version, status, payments } = written;
  const captured_sum = formatAmount(capturedSum(status, payments));
  await insertInvoiceHistory(tx, {
    invoice_id,
    version,
    status,
    payments,
    captured_sum,
    changed_by: changedBy,
  });
  await insertCallbacks(tx, 'invoice.changed', [
    { invoice_id, version, service } satisfies InvoiceChangedCallback,
  ]);
}
