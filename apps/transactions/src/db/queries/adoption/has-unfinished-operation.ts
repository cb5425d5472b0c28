import { type Transaction, statement } from '@cashback/postgres';

const hasUnfinishedOperationStatement = statement<{ unfinished: boolean }>({
  name: 'transactions.has-unfinished-operation',
  text: `
  SELECT EXISTS (
    SELECT FROM transactions.cashback_operations WHERE invoice_id = $1 AND status IN ('init', 'in-progress')
  ) AS unfinished`,
  columns: { unfinished: 'bool!' },
});

/** The transaction holds the invoice's lock. */
export async function hasUnfinishedOperation(tx: Transaction, invoiceId: string): Promise<boolean> {
  const [row] = await hasUnfinishedOperationStatement.rows(tx.client, [invoiceId]);
  return row?.unfinished === true;
}
