import { CashbackError } from '@cashback/contract';
import type { Invoice, InvoiceCreateInput } from '@cashback/wire';
import { type Database, type Transaction, withTransaction } from '@cashback/postgres';
import { insertCallbacks } from '../db/queries/callbacks/insert-callbacks.ts';
import { insertInvoiceHistory } from '../db/queries/invoices/insert-invoice-history.ts';
import { insertInvoice } from '../db/queries/invoices/insert-invoice.ts';
import { readFirstVersion } from '../db/queries/invoices/read-first-version.ts';
import { equalPayments } from './payments.ts';
import { requireInvoice } from './require-invoice.ts';
import { writesOfCreation } from './version-writes.ts';

const IDENTITY = ['service', 'user_id', 'wallet_id', 'currency', 'status'] as const;

/** Creates an invoice. The same body again is answered with the invoice as it is now. */
export function createInvoice(
  database: Database,
  input: InvoiceCreateInput,
  caller: string,
): Promise<Invoice> {
  return withTransaction(database, async (tx) => {
    const { invoice, history, callback } = writesOfCreation(input, caller);
    if (await insertInvoice(tx, invoice)) {
      await insertInvoiceHistory(tx, history);
      await insertCallbacks(tx, 'invoice.changed', [callback]);
    } else {
      await assertSameCreation(tx, invoice);
    }
    return requireInvoice(tx.client, invoice.invoice_id);
  });
}

/** The invoice may have changed since, so the comparison is with its first version. */
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
