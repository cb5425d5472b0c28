import type { Invoice, InvoiceUpdateInput } from '@cashback/wire';
import { type Database, withTransaction } from '@cashback/postgres';
import { insertCallbacks } from '../db/queries/callbacks/insert-callbacks.ts';
import { insertInvoiceHistory } from '../db/queries/invoices/insert-invoice-history.ts';
import { lockInvoice } from '../db/queries/invoices/lock-invoices.ts';
import { readChange } from '../db/queries/invoices/read-change.ts';
import { updateInvoice } from '../db/queries/invoices/update-invoice.ts';
import { decideUpdate } from './decide-update.ts';
import { requireInvoice } from './require-invoice.ts';
import { writesOfUpdate } from './version-writes.ts';

/** States what is captured of an invoice now: a clear, a refund, a re-clear, a cancellation. */
export function changeInvoice(
  database: Database,
  input: InvoiceUpdateInput,
  caller: string,
): Promise<Invoice> {
  return withTransaction(database, async (tx) => {
    const current = await lockInvoice(tx, input.invoice_id);
    const { invoice_id, change_id } = input;
    const made = change_id === undefined ? null : await readChange(tx.client, invoice_id, change_id);
    const decision = decideUpdate(current, input, made);
    if (decision.outcome === 'refused') throw decision.error;
    if (current !== null && decision.outcome === 'changed') {
      const { invoice, history, callback } = writesOfUpdate(current, input, caller);
      await updateInvoice(tx, invoice);
      await insertInvoiceHistory(tx, history);
      await insertCallbacks(tx, 'invoice.changed', [callback]);
    }
    return requireInvoice(tx.client, input.invoice_id);
  });
}
