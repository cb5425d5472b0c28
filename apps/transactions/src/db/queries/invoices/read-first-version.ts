import type { FirstVersion } from '../../../invoices/decide-creation.ts';
import { type Reader, statement } from '@cashback/postgres';

const readFirstVersionStatement = statement<FirstVersion>({
  name: 'transactions.read-first-version',
  text: `
  SELECT i.invoice_id, i.service, coalesce(paid.payee_change -> 'from' ->> 'user_id', i.user_id) AS user_id,
    coalesce(paid.payee_change -> 'from' ->> 'wallet_id', i.wallet_id) AS wallet_id, i.currency, first.status, first.payments,
    first.change_id
  FROM transactions.invoices AS i
  LEFT JOIN LATERAL (
    SELECT payee_change FROM transactions.invoice_history AS changed
    WHERE i.payee_version > 1 AND changed.invoice_id = i.invoice_id AND changed.payee_change IS NOT NULL
    ORDER BY changed.version LIMIT 1
  ) AS paid ON true
  JOIN transactions.invoice_history AS first ON first.invoice_id = i.invoice_id AND first.version = 1
  WHERE i.invoice_id = $1`,
  columns: {
    invoice_id: 'text',
    service: 'text',
    user_id: 'text!',
    wallet_id: 'text!',
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
