import type { FirstVersion } from '../../../invoices/decide-creation.ts';
import { type Reader, statement } from '@cashback/postgres';

const readFirstVersionStatement = statement<FirstVersion>({
  name: 'transactions.read-first-version',
  text: `
  SELECT i.invoice_id, i.service, i.user_id, i.wallet_id, i.currency, first.status, first.payments, first.change_id
  FROM transactions.invoices AS i
  JOIN transactions.invoice_history AS first ON first.invoice_id = i.invoice_id AND first.version = 1
  WHERE i.invoice_id = $1`,
  columns: {
    invoice_id: 'text',
    service: 'text',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    status: 'text',
    payments: 'jsonb',
    change_id: 'text?',
  },
});

/** The invoice as it was created. It exists: invoices are never deleted. */
export async function readFirstVersion(reader: Reader, invoiceId: string): Promise<FirstVersion> {
  const rows = await readFirstVersionStatement.rows(reader, [invoiceId]);
  const [row] = rows;
  if (row === undefined) throw new Error(`invoice ${invoiceId} has no first version`);
  return row;
}
