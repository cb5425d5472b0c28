import type { InvoiceStatus, Payment } from '@cashback/wire';
import type { Transaction } from '@cashback/postgres';

const text = `
  UPDATE transactions.invoices SET
    version = version + 1,
    status = $3,
    payments = $4,
    xact_id = pg_current_xact_id(),
    change_id = nextval('transactions.invoice_changes'),
    epoch = (SELECT max(epoch) FROM transactions.feed_epochs),
    updated_at = now()
  WHERE invoice_id = $1 AND version = $2`;

/** Writes the version after `version`, at a new place in the feed; the transaction holds the invoice's lock. */
export async function updateInvoice(
  tx: Transaction,
  invoice: { invoice_id: string; version: number; status: InvoiceStatus; payments: Payment[] },
): Promise<void> {
  const { rowCount } = await tx.client.query({
    name: 'transactions.update-invoice',
    text,
    values: [invoice.invoice_id, invoice.version, invoice.status, JSON.stringify(invoice.payments)],
  });
  if (rowCount !== 1) throw new Error(`invoice ${invoice.invoice_id} is not at version ${invoice.version}`);
}
