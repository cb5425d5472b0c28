import type { InvoiceStatus, Payment } from '@cashback/wire';
import type { Reader } from '@cashback/postgres';

export interface HistoryRow {
  version: number;
  status: InvoiceStatus;
  payments: Payment[];
  changed_by: string;
  created_at: Date;
}

const text = `
  SELECT version, status, payments, changed_by, created_at
  FROM transactions.invoice_history
  WHERE invoice_id = $1 AND version >= $2
  ORDER BY version
  LIMIT $3`;

/** The versions of an invoice from `fromVersion` on, oldest first. */
export async function listHistory(
  reader: Reader,
  invoiceId: string,
  { fromVersion, limit }: { fromVersion: number; limit: number },
): Promise<HistoryRow[]> {
  const { rows } = await reader.query<HistoryRow>({
    name: 'transactions.list-history',
    text,
    values: [invoiceId, fromVersion, limit],
  });
  return rows;
}
