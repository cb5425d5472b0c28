import { type ColumnsOf, type Transaction, statement } from '@cashback/postgres';
import type { LockedInvoice } from '../../../invoices/invoice.ts';

// A later statement reads other tables: this one may have waited.
const select = `
  SELECT invoice_id, service, user_id, wallet_id, currency, version, status, payments, cashback_version,
    reconciled_epoch, (SELECT max(epoch) FROM transactions.feed_epochs) AS epoch
  FROM transactions.invoices
  WHERE invoice_id = ANY($1::text[])
  ORDER BY invoice_id`;

const columns: ColumnsOf<LockedInvoice> = {
  invoice_id: 'text',
  service: 'text',
  user_id: 'text',
  wallet_id: 'text',
  currency: 'text',
  version: 'int4',
  status: 'text',
  payments: 'jsonb',
  cashback_version: 'int4',
  reconciled_epoch: 'int4',
  epoch: 'int4!',
};

const lockInvoicesStatement = statement<LockedInvoice>({
  name: 'transactions.lock-invoices',
  text: `${select} FOR UPDATE`,
  columns,
});

const lockFreeInvoicesStatement = statement<LockedInvoice>({
  name: 'transactions.lock-free-invoices',
  text: `${select} FOR UPDATE SKIP LOCKED`,
  columns,
});

const findInvoicesStatement = statement<{ invoice_id: string }>({
  name: 'transactions.find-invoices',
  text: 'SELECT invoice_id FROM transactions.invoices WHERE invoice_id = ANY($1::text[])',
  columns: { invoice_id: 'text' },
});

/** Locks the invoices until the transaction ends. All are locked in one order, so that two transactions never deadlock. */
export async function lockInvoices(tx: Transaction, invoiceIds: readonly string[]): Promise<LockedInvoice[]> {
  const rows = await lockInvoicesStatement.rows(tx.client, [invoiceIds]);
  return rows;
}

/** Locks those that no other transaction has locked, without waiting. `locked`: the ids of the others that exist. */
export async function lockFreeInvoices(
  tx: Transaction,
  invoiceIds: readonly string[],
): Promise<{ invoices: LockedInvoice[]; locked: Set<string> }> {
  const invoices = await lockFreeInvoicesStatement.rows(tx.client, [invoiceIds]);
  const found = new Set(invoices.map(({ invoice_id }) => invoice_id));
  const missing = invoiceIds.filter((id) => !found.has(id));
  if (missing.length === 0) return { invoices, locked: new Set() };
  const rows = await findInvoicesStatement.rows(tx.client, [missing]);
  return { invoices, locked: new Set(rows.map(({ invoice_id }) => invoice_id)) };
}

/** Null when there is no such invoice. */
export async function lockInvoice(tx: Transaction, invoiceId: string): Promise<LockedInvoice | null> {
  const [invoice] = await lockInvoices(tx, [invoiceId]);
  return invoice ?? null;
}
