import { CashbackError } from '@cashback/contract';
import type { Invoice, InvoiceCreateInput } from '@cashback/wire';
import { type Database, type Transaction, withTransaction } from '@cashback/postgres';
import { insertInvoice } from '../db/queries/invoices/insert-invoice.ts';
import { readFirstVersion } from '../db/queries/invoices/read-first-version.ts';
import { equalPayments, normalisePayments } from './payments.ts';
import { requireInvoice } from './require-invoice.ts';
import { writeVersion } from './write-version.ts';

const IDENTITY = ['service', 'user_id', 'wallet_id', 'currency', 'status'] as const;

/** Creates an invoice; what it was created with may be sent again, and is answered with the invoice as it is now. */
export function createInvoice(
  database: Database,
  input: InvoiceCreateInput,
  caller: string,
): Promise<Invoice> {
  return withTransaction(database, async (tx) => {
    const invoice = { ...input, payments: normalisePayments(input.payments) };
    if (await insertInvoice(tx, invoice)) await writeVersion(tx, { ...invoice, version: 1 }, caller);
    else await assertSameCreation(tx, invoice);
    return requireInvoice(tx.client, invoice.invoice_id);
  });
}

/** An invoice has changed since, so the comparison is with what it was created as. */
async function assertSameCreation(tx: Transaction, input: InvoiceCreateInput): Promise<void> {
  const created = await readFirstVersion(tx.client, input.invoice_id);
  const fields: string[] = IDENTITY.filter((field) => created[field] !== input[field]);
  if (!equalPayments(created.payments, input.payments)) fields.push('payments');
  if (fields.length === 0) return;
  throw new CashbackError(
    'INVOICE_EXISTS',
    `invoice ${input.invoice_id} was created with other ${fields.join(', ')}: take a new id, or update it`,
    { invoice_id: input.invoice_id, fields },
  );
}
