import { type Source, formatAmounts, parseAmounts } from '@cashback/contract';
import type { CashbackStatus, Invoice } from '@cashback/wire';
import { normalisePayments } from '../../../invoices/payments.ts';
import { type Reader, statement } from '@cashback/postgres';

type Amounts = { source: Source; amount: string }[];

interface Row extends Omit<Invoice, 'cashback' | 'created_at' | 'updated_at'> {
  cashback_version: number;
  created_at: Date;
  updated_at: Date;
  rewarded: Amounts;
  operations: { operation_id: string; status: CashbackStatus; reward: Amounts; reason: string | null }[];
}

// One statement, so that status, version and rewarded are of one moment. Sums leave it as text: a number in JSON would
// be read as floating point.
const readInvoiceStatement = statement<Row>({
  name: 'transactions.read-invoice',
  text: `
  SELECT i.invoice_id, i.service, i.user_id, i.wallet_id, i.currency, i.version, i.status, i.payments,
    i.cashback_version, i.created_at, i.updated_at,
    (SELECT max(epoch) FROM transactions.feed_epochs) AS invoice_epoch,
    (
      SELECT coalesce(json_agg(json_build_object('source', held.source, 'amount', held.amount)), '[]')
      FROM (
        SELECT source, sum(amount - refunded)::text AS amount
        FROM transactions.baskets WHERE invoice_id = i.invoice_id GROUP BY source
      ) AS held
    ) AS rewarded,
    (
      SELECT coalesce(json_agg(json_build_object('operation_id', newest.operation_id, 'status', newest.status,
        'reward', newest.reward, 'reason', newest.reason) ORDER BY newest.version DESC), '[]')
      FROM (
        SELECT operation_id, status, reward, reason, version
        FROM transactions.cashback_operations WHERE invoice_id = i.invoice_id ORDER BY version DESC LIMIT 20
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
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
    rewarded: 'json',
    operations: 'json',
  },
});

/** The invoice as callers see it; null when there is none. */
export async function readInvoice(reader: Reader, invoiceId: string): Promise<Invoice | null> {
  const rows = await readInvoiceStatement.rows(reader, [invoiceId]);
  const [row] = rows;
  if (row === undefined) return null;
  const { cashback_version, rewarded, operations, ...fields } = row;
  return {
    ...fields,
    payments: normalisePayments(fields.payments),
    cashback: {
      version: cashback_version,
      status: operations[0]?.status ?? 'success',
      rewarded: formatAmounts(parseAmounts(rewarded)),
      operations: operations.map(({ reward, reason, ...operation }) => ({
        ...operation,
        reward: formatAmounts(parseAmounts(reward)),
        ...(reason !== null && { reason }),
      })),
    },
    created_at: fields.created_at.toISOString(),
    updated_at: fields.updated_at.toISOString(),
  };
}
