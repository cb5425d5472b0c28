import { type Transaction, statement } from '@cashback/postgres';

const updatePayeeStatement = statement({
  name: 'transactions.update-payee',
  text: `
  UPDATE transactions.invoices SET user_id = $2, wallet_id = $3, payee_version = payee_version + 1 WHERE invoice_id = $1`,
  columns: {},
});

/** Baskets that the invoice has are in a wallet of an earlier payee from here on. The transaction holds the invoice's lock. */
export async function updatePayee(
  tx: Transaction,
  invoiceId: string,
  { user_id, wallet_id }: { user_id: string; wallet_id: string },
): Promise<void> {
  await updatePayeeStatement.run(tx.client, [invoiceId, user_id, wallet_id]);
}
