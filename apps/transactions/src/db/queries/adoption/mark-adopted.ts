import { type Transaction, statement } from '@cashback/postgres';

const markAdoptedStatement = statement({
  name: 'transactions.mark-adopted',
  text: 'UPDATE transactions.invoices SET reconciled_epoch = $2 WHERE invoice_id = $1 AND reconciled_epoch < $2',
  columns: {},
});

/** The invoice's baskets are those of Trust, as of this epoch. The transaction holds its lock. */
export async function markAdopted(tx: Transaction, invoiceId: string, epoch: number): Promise<void> {
  const rowCount = await markAdoptedStatement.run(tx.client, [invoiceId, epoch]);
  if (rowCount !== 1) throw new Error(`invoice ${invoiceId} was adopted in epoch ${epoch} before`);
}
