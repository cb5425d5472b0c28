import { CashbackError } from '@cashback/contract';
import type { Invoice, InvoiceChangePayeeInput } from '@cashback/wire';
import { type Database, withTransaction } from '@cashback/postgres';
import { hasUnfinishedOperation } from '../../db/queries/adoption/has-unfinished-operation.ts';
import { insertCallbacks } from '../../db/queries/callbacks/insert-callbacks.ts';
import { advanceCashbackVersions } from '../../db/queries/invoices/advance-cashback-versions.ts';
import { insertInvoiceHistory } from '../../db/queries/invoices/insert-invoice-history.ts';
import { lockInvoice } from '../../db/queries/invoices/lock-invoices.ts';
import { updateInvoice } from '../../db/queries/invoices/update-invoice.ts';
import { updatePayee } from '../../db/queries/invoices/update-payee.ts';
import { requireInvoice } from '../require-invoice.ts';
import { planPayee } from './plan-payee.ts';

/**
 * Changes the user and wallet of an invoice, as a version of its own. The next operation takes back what wallets of earlier
 * payees carry, and tops up the new one.
 */
export function changePayee(
  database: Database,
  input: InvoiceChangePayeeInput,
  caller: string,
): Promise<Invoice> {
  const { invoice_id } = input;
  return withTransaction(database, async (tx) => {
    const current = await lockInvoice(tx, invoice_id);
    const unfinished = await hasUnfinishedOperation(tx, invoice_id);
    const writes = planPayee(current, input, { unfinished, caller });
    if (writes instanceof CashbackError) throw writes;
    if (writes !== null) {
      const { invoice, history, callback, payee, cashback_version } = writes;
      await updateInvoice(tx, invoice);
      await updatePayee(tx, invoice_id, payee);
      await insertInvoiceHistory(tx, history);
      await advanceCashbackVersions(tx, [{ invoice_id, cashback_version, operation_id: null }]);
      await insertCallbacks(tx, 'invoice.changed', [callback]);
    }
    return requireInvoice(tx.client, invoice_id);
  });
}
