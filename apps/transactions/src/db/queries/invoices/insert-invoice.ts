import type { InvoiceCreateInput } from '@cashback/wire';
import { type Transaction, statement } from '@cashback/postgres';

const insertInvoiceStatement = statement({
  name: 'transactions.insert-invoice',
  text: `
  INSERT INTO transactions.invoices (invoice_id, service, user_id, wallet_id, currency, status, payments, epoch)
  VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT max(epoch) FROM transactions.feed_epochs))
  ON CONFLICT (invoice_id) DO NOTHING`,
  columns: {},
});

/** Writes version 1. False when another transaction has committed the invoice before; then it is unchanged. */
export async function insertInvoice(
  tx: Transaction,
  invoice: Omit<InvoiceCreateInput, 'change_id'>,
): Promise<boolean> {
  const rowCount = await insertInvoiceStatement.run(tx.client, [
    invoice.invoice_id,
    invoice.service,
    invoice.user_id,
    invoice.wallet_id,
    invoice.currency,
    invoice.status,
    JSON.stringify(invoice.payments),
  ]);
  return rowCount === 1;
}
