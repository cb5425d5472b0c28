import type { InvoiceStatus, Payment } from '@cashback/wire';
import { type Reader, statement } from '@cashback/postgres';

/** The version that a change with an id of its caller's made. */
export interface MadeChange {
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
}

const readChangeStatement = statement<MadeChange>({
  name: 'transactions.read-change',
  text: `
  SELECT version, status, payments FROM transactions.invoice_history
  WHERE invoice_id = $1 AND change_id = $2`,
  columns: { version: 'int4', status: 'text', payments: 'jsonb' },
});

/** Null when the invoice has no change with this id. */
export async function readChange(
  reader: Reader,
  invoiceId: string,
  changeId: string,
): Promise<MadeChange | null> {
  const [change] = await readChangeStatement.rows(reader, [invoiceId, changeId]);
  return change ?? null;
}
