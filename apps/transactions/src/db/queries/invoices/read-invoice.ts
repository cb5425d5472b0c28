import type { Invoice } from '@cashback/wire';
import { type ReadInvoice, SHOWN_OPERATIONS, shownInvoice } from '../../../invoices/shown-invoice.ts';
import { type Reader, statement } from '@cashback/postgres';

// One statement, so that status, version and rewarded are of one moment. Sums leave it as text: a number in JSON would
// be read as floating point.
const readInvoiceStatement = statement<ReadInvoice>({
  name: 'transactions.read-invoice',
  text: `
  SELECT i.invoice_id, i.service, i.user_id, i.wallet_id, i.currency, i.version, i.status, i.payments,
    i.cashback_version, i.reconciled_epoch, i.created_at, i.updated_at,
    (SELECT max(epoch) FROM transactions.feed_epochs) AS invoice_epoch,
    (
      SELECT coalesce(json_agg(json_build_object('source', held.source, 'amount', held.amount)), '[]')
      FROM (
        SELECT source, sum(amount - refunded)::text AS amount
        FROM transactions.baskets WHERE invoice_id = i.invoice_id GROUP BY source
      ) AS held
    ) AS rewarded,
    (
      SELECT coalesce(json_agg(json_build_object('source', missed.source, 'amount', missed.amount)), '[]')
      FROM (
        SELECT step.source, sum(step.amount - step.taken)::text AS amount
        FROM (
          SELECT operation_id, wallet_policy
          FROM transactions.cashback_operations WHERE invoice_id = i.invoice_id ORDER BY version DESC LIMIT 1
        ) AS newest
        JOIN transactions.operation_steps AS step ON step.operation_id = newest.operation_id
        WHERE newest.wallet_policy = 'take_what_is_there' AND step.taken < step.amount
        GROUP BY step.source
      ) AS missed
    ) AS short,
    (
      SELECT coalesce(json_agg(json_build_object('source', left_over.source, 'amount', left_over.amount)), '[]')
      FROM (
        SELECT source, sum(amount - refunded)::text AS amount
        FROM transactions.baskets
        WHERE (i.payee_version > 1 OR i.reconciled_epoch > 1) AND invoice_id = i.invoice_id
          AND payee_version < i.payee_version AND refunded < amount
        GROUP BY source
      ) AS left_over
    ) AS elsewhere,
    (
      SELECT coalesce(json_agg(json_build_object('operation_id', newest.operation_id, 'version', newest.version, 'status', newest.status,
        'reward', newest.reward, 'reason', newest.reason) ORDER BY newest.version DESC), '[]')
      FROM (
        SELECT operation_id, status, reward, reason, version
        FROM transactions.cashback_operations WHERE invoice_id = i.invoice_id ORDER BY version DESC LIMIT ${SHOWN_OPERATIONS}
      ) AS newest
    ) AS operations
  FROM transactions.invoices AS i
  WHERE i.invoice_id = $1`,
  columns: {
    invoice_id: 'text',
    service: 'text',
    user_id: 'text',
    wallet_id: 'text',
    currency: 'text',
    invoice_epoch: 'int4!',
    version: 'int4',
    status: 'text',
    payments: 'jsonb',
    cashback_version: 'int4',
    reconciled_epoch: 'int4',
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
    rewarded: 'json',
    short: 'json',
    elsewhere: 'json',
    operations: 'json',
  },
});

/** The invoice as callers see it; null when there is none. */
export async function readInvoice(
  reader: Reader,
  invoiceId: string,
  compared: number | null = null,
): Promise<Invoice | null> {
  const rows = await readInvoiceStatement.rows(reader, [invoiceId]);
  const [row] = rows;
  return row === undefined ? null : shownInvoice(row, compared);
}
