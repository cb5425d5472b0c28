import { CashbackError } from '@cashback/contract';
import type { Invoice, InvoiceUpdateInput } from '@cashback/wire';
import { type Database, withTransaction } from '@cashback/postgres';
import { insertCallbacks } from '../db/queries/callbacks/insert-callbacks.ts';
import { insertInvoiceHistory } from '../db/queries/invoices/insert-invoice-history.ts';
import { lockInvoice } from '../db/queries/invoices/lock-invoices.ts';
import { readChange } from '../db/queries/invoices/read-change.ts';
import { updateInvoice } from '../db/queries/invoices/update-invoice.ts';
import { planUpdate } from './plan-update.ts';
import { requireInvoice } from './require-invoice.ts';

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
    const writes = planUpdate(current, input, { made, caller });
    if (writes instanceof CashbackError) throw writes;
    if (writes !== null) {
      await updateInvoice(tx, writes.invoice);
      await insertInvoiceHistory(tx, writes.history);
      await insertCallbacks(tx, 'invoice.changed', [writes.callback]);
    }
    return requireInvoice(tx.client, input.invoice_id);
  });
}
