import type { Invoice, InvoiceCreateInput } from '@cashback/wire';
import { type Database, type Transaction, withTransaction } from '@cashback/postgres';
import { insertCallbacks } from '../db/queries/callbacks/insert-callbacks.ts';
import { insertInvoiceHistory } from '../db/queries/invoices/insert-invoice-history.ts';
import { insertInvoice } from '../db/queries/invoices/insert-invoice.ts';
import { readChange } from '../db/queries/invoices/read-change.ts';
import { readFirstVersion } from '../db/queries/invoices/read-first-version.ts';
import { refuseCreation } from './decide-creation.ts';
import { requireInvoice } from './require-invoice.ts';
import { writesOfCreation } from './version-writes.ts';

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
      await assertSameCreation(tx, input);
    }
    return requireInvoice(tx.client, invoice.invoice_id);
  });
}

/** The invoice may have changed since, so the comparison is with its first version. */
async function assertSameCreation(tx: Transaction, input: InvoiceCreateInput): Promise<void> {
  const { invoice_id, change_id } = input;
  const created = await readFirstVersion(tx.client, invoice_id);
  const made = change_id !== undefined && (await readChange(tx.client, invoice_id, change_id)) !== null;
  const refusal = refuseCreation(created, input, made);
  if (refusal !== null) throw refusal;
}
