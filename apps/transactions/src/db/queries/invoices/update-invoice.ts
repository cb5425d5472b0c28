import { type Transaction, statement } from '@cashback/postgres';
import type { StatedInvoice } from '../../../invoices/version-writes.ts';

const updateInvoiceStatement = statement({
  name: 'transactions.update-invoice',
  text: `
  UPDATE transactions.invoices SET
    version = $2,
    status = $3,
    payments = $4,
    xact_id = pg_current_xact_id(),
    change_id = nextval('transactions.invoice_changes'),
    epoch = (SELECT max(epoch) FROM transactions.feed_epochs),
    updated_at = now()
  WHERE invoice_id = $1 AND version = $2 - 1`,
  columns: {},
});

/** Writes a version over the one before it, at a new place in the feed. The transaction holds the invoice's lock. */
export async function updateInvoice(tx: Transaction, invoice: StatedInvoice): Promise<void> {
  const rowCount = await updateInvoiceStatement.run(tx.client, [
    invoice.invoice_id,
    invoice.version,
    invoice.status,
    JSON.stringify(invoice.payments),
  ]);
  if (rowCount !== 1) {
    throw new Error(`invoice ${invoice.invoice_id} is not at version ${invoice.version - 1}`);
  }
}
