import { type Transaction, statement } from '@cashback/postgres';
import type { HistoryEntry } from '../../../invoices/version-writes.ts';

const insertInvoiceHistoryStatement = statement({
  name: 'transactions.insert-invoice-history',
  text: `
  INSERT INTO transactions.invoice_history (invoice_id, version, status, payments, captured_sum, changed_by, change_id, payee_change)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
  columns: {},
});

export async function insertInvoiceHistory(tx: Transaction, entry: HistoryEntry): Promise<void> {
  await insertInvoiceHistoryStatement.run(tx.client, [
    entry.invoice_id,
    entry.version,
    entry.status,
    JSON.stringify(entry.payments),
    entry.captured_sum,
    entry.changed_by,
    entry.change_id,
    entry.payee_change === undefined ? null : JSON.stringify(entry.payee_change),
  ]);
}
