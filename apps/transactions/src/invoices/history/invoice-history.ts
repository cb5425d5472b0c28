import type { InvoiceHistoryInput, InvoiceHistoryOutput } from '@cashback/wire';
import { listHistory } from '../../db/queries/invoices/list-history.ts';
import type { Reader } from '@cashback/postgres';
import { explainChange } from './explain-change.ts';
import { normalisePayments } from '../payments.ts';
import { requireInvoice } from '../require-invoice.ts';

/**
 * A page of the versions of an invoice, each with what it changed. The rows say what was stated, when and by whom, and
 * are never changed; what that means follows from each and the one before it. Throws `INVOICE_NOT_FOUND`.
 */
export async function invoiceHistory(
  reader: Reader,
  { invoice_id, after_version, limit }: InvoiceHistoryInput,
): Promise<InvoiceHistoryOutput> {
  // With the version before the page, which the first one of the page is explained from.
  const rows = await listHistory(reader, invoice_id, { fromVersion: after_version, limit: limit + 1 });
  if (rows.length === 0) await requireInvoice(reader, invoice_id);
  return {
    versions: rows
      .map(({ version, status, payments, changed_by, created_at }, index) => ({
        version,
        status,
        payments: normalisePayments(payments),
        ...explainChange(rows[index - 1] ?? null, { status, payments }),
        changed_by,
        changed_at: created_at.toISOString(),
      }))
      .filter(({ version }) => version > after_version)
      .slice(0, limit),
  };
}
