import type { InvoiceHistoryInput, InvoiceHistoryOutput } from '@cashback/wire';
import { listHistory } from '../../db/queries/invoices/list-history.ts';
import type { Reader } from '@cashback/postgres';
import { explainChange } from './explain-change.ts';
import { normalisePayments } from '../payments.ts';
import { requireInvoice } from '../require-invoice.ts';

/**
 * A page of the versions of an invoice, each with what it changed. A row keeps what was stated, the time and the
 * caller, and never changes. The difference is computed from each row and the one before it. Throws
 * `INVOICE_NOT_FOUND`.
 */
export async function invoiceHistory(
  reader: Reader,
  { invoice_id, after_version, limit }: InvoiceHistoryInput,
): Promise<InvoiceHistoryOutput> {
  // The version before the page comes along: the first change of the page is computed from it.
  const rows = await listHistory(reader, invoice_id, { fromVersion: after_version, limit: limit + 1 });
  if (rows.length === 0) await requireInvoice(reader, invoice_id);
  return {
    versions: rows
      .map(({ version, status, payments, changed_by, change_id, payee_change, created_at }, index) => ({
        version,
        status,
        payments: normalisePayments(payments),
        ...explainChange(rows[index - 1] ?? null, { status, payments }),
        ...(payee_change !== null && {
          change: 'payee_changed' as const,
          payee: { ...payee_change.to, reason: payee_change.reason },
        }),
        changed_by,
        ...(change_id !== null && { change_id }),
        changed_at: created_at.toISOString(),
      }))
      .filter(({ version }) => version > after_version)
      .slice(0, limit),
  };
}
