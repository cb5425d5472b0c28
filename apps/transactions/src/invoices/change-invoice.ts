import type { Invoice, InvoiceUpdateInput } from '@cashback/wire';
import { type Database, withTransaction } from '@cashback/postgres';
import { lockInvoice } from '../db/queries/invoices/lock-invoices.ts';
import { updateInvoice } from '../db/queries/invoices/update-invoice.ts';
import { decideUpdate } from './decide-update.ts';
import { normalisePayments } from './payments.ts';
import { invoiceNotFound, requireInvoice } from './require-invoice.ts';
import { writeVersion } from './write-version.ts';

/** States what is captured of an invoice now: a clear, a refund, a re-clear, a cancellation. */
export function changeInvoice(
  database: Database,
  input: InvoiceUpdateInput,
  caller: string,
): Promise<Invoice> {
  return withTransaction(database, async (tx) => {
    const current = await lockInvoice(tx, input.invoice_id);
    if (current === null) throw invoiceNotFound(input.invoice_id);
    const decision = decideUpdate(current, input);
    if (decision.outcome === 'refused') throw decision.error;
    if (decision.outcome === 'changed') {
      const changed = { ...input, payments: normalisePayments(input.payments) };
      await updateInvoice(tx, changed);
      await writeVersion(tx, { ...changed, service: current.service, version: current.version + 1 }, caller);
    }
    return requireInvoice(tx.client, input.invoice_id);
  });
}
