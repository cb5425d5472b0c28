import { type Reader, statement } from '@cashback/postgres';

export interface UnadoptedPlace {
  reconciled_epoch: number;
  invoice_id: string;
}

// While no epoch but the first has begun, the index has nothing below it and is left at once.
const listUnadoptedStatement = statement<UnadoptedPlace>({
  name: 'transactions.list-unadopted',
  text: `
  SELECT reconciled_epoch, invoice_id
  FROM transactions.invoices
  WHERE (reconciled_epoch, invoice_id) > ($1::integer, $2::text)
    AND reconciled_epoch < (SELECT max(epoch) FROM transactions.feed_epochs)
  ORDER BY reconciled_epoch, invoice_id
  LIMIT $3`,
  columns: { reconciled_epoch: 'int4', invoice_id: 'text' },
});

const countUnadoptedStatement = statement<{ invoices: number }>({
  name: 'transactions.count-unadopted',
  text: `
  SELECT count(*)::integer AS invoices
  FROM (
    SELECT FROM transactions.invoices
    WHERE reconciled_epoch < (SELECT max(epoch) FROM transactions.feed_epochs)
    ORDER BY reconciled_epoch, invoice_id
    LIMIT $1
  ) AS unadopted`,
  columns: { invoices: 'int4!' },
});

/** Invoices after a place that are not compared with Trust in the newest epoch. */
export function listUnadopted(
  reader: Reader,
  after: UnadoptedPlace,
  limit: number,
): Promise<UnadoptedPlace[]> {
  return listUnadoptedStatement.rows(reader, [after.reconciled_epoch, after.invoice_id, limit]);
}

/** How many these are, counted up to the limit. */
export async function countUnadopted(reader: Reader, limit: number): Promise<number> {
  const [row] = await countUnadoptedStatement.rows(reader, [limit]);
  return row?.invoices ?? 0;
}
