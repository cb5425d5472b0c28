import type { InvoiceStatus, Payment } from '@cashback/wire';
import type { PayeeChange } from '../../tables.ts';
import { type Reader, statement } from '@cashback/postgres';

export interface HistoryRow {
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
  changed_by: string;
  change_id: string | null;
  payee_change: PayeeChange | null;
  created_at: Date;
}

const listHistoryStatement = statement<HistoryRow>({
  name: 'transactions.list-history',
  text: `
  SELECT version, status, payments, changed_by, change_id, payee_change, created_at
  FROM transactions.invoice_history
  WHERE invoice_id = $1 AND version >= $2
  ORDER BY version
  LIMIT $3`,
  columns: {
    version: 'int4',
    status: 'text',
    payments: 'jsonb',
    changed_by: 'text',
    change_id: 'text?',
    payee_change: 'jsonb?',
    created_at: 'timestamptz',
  },
});

/** The versions of an invoice from `fromVersion` on, oldest first. */
export async function listHistory(
  reader: Reader,
  invoiceId: string,
  { fromVersion, limit }: { fromVersion: number; limit: number },
): Promise<HistoryRow[]> {
  const rows = await listHistoryStatement.rows(reader, [invoiceId, fromVersion, limit]);
  return rows;
}
