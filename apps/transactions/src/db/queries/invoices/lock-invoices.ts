import type { Transaction } from '@cashback/postgres';
import type { LockedInvoice } from '../../../invoices/invoice.ts';

// What other tables hold is for a later statement: this one may have waited.
const select = `
  SELECT invoice_id, service, user_id, wallet_id, currency, version, status, payments, cashback_version
  FROM transactions.invoices
  WHERE invoice_id = ANY($1::text[])
  ORDER BY invoice_id`;

/** Locks the invoices until the transaction ends. All are locked in one order, so that two transactions never deadlock. */
export async function lockInvoices(tx: Transaction, invoiceIds: readonly string[]): Promise<LockedInvoice[]> {
  const { rows } = await tx.client.query<LockedInvoice>({
    name: 'transactions.lock-invoices',
    text: `${select} FOR UPDATE`,
    values: [invoiceIds],
  });
  return rows;
}

/** Locks those that no other transaction has locked, without waiting. `locked`: the ids of the others that exist. */
export async function lockFreeInvoices(
  tx: Transaction,
  invoiceIds: readonly string[],
): Promise<{ invoices: LockedInvoice[]; locked: Set<string> }> {
  const { rows: invoices } = await tx.client.query<LockedInvoice>({
    name: 'transactions.lock-free-invoices',
    text: `${select} FOR UPDATE SKIP LOCKED`,
    values: [invoiceIds],
  });
  const found = new Set(invoices.map(({ invoice_id }) => invoice_id));
  const missing = invoiceIds.filter((id) => !found.has(id));
  if (missing.length === 0) return { invoices, locked: new Set() };
  const { rows } = await tx.client.query<{ invoice_id: string }>({
    name: 'transactions.find-invoices',
    text: 'SELECT invoice_id FROM transactions.invoices WHERE invoice_id = ANY($1::text[])',
    values: [missing],
  });
  return { invoices, locked: new Set(rows.map(({ invoice_id }) => invoice_id)) };
}

/** Null when there is no such invoice. */
export async function lockInvoice(tx: Transaction, invoiceId: string): Promise<LockedInvoice | null> {
  const [invoice] = await lockInvoices(tx, [invoiceId]);
  return invoice ?? null;
}
