import type { InvoiceCreateInput } from '@cashback/wire';
import type { Reader } from '@cashback/postgres';

const text = `
  SELECT i.invoice_id, i.service, i.user_id, i.wallet_id, i.currency, first.status, first.payments
  FROM transactions.invoices AS i
  JOIN transactions.invoice_history AS first ON first.invoice_id = i.invoice_id AND first.version = 1
  WHERE i.invoice_id = $1`;

/** The invoice as it was created. It exists: invoices are never deleted. */
export async function readFirstVersion(reader: Reader, invoiceId: string): Promise<InvoiceCreateInput> {
  const { rows } = await reader.query<InvoiceCreateInput>({
    name: 'transactions.read-first-version',
    text,
    values: [invoiceId],
  });
  const [row] = rows;
  if (row === undefined) throw new Error(`invoice ${invoiceId} has no first version`);
  return row;
}
