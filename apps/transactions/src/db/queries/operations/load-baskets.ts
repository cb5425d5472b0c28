import { type Source, parseAmount } from '@cashback/contract';
import type { BasketState } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';

interface Row {
  invoice_id: string;
  basket_id: string;
  source: Source;
  amount: string;
  refunded: string;
}

const loadBasketsStatement = statement<Row>({
  name: 'transactions.load-baskets',
  text: `
  SELECT invoice_id, basket_id, source, amount, refunded
  FROM transactions.baskets
  WHERE invoice_id = ANY($1::text[]) AND refunded < amount
  ORDER BY invoice_id, version, step_number`,
  columns: { invoice_id: 'text', basket_id: 'text', source: 'text', amount: 'numeric', refunded: 'numeric' },
});

/** By invoice, its baskets that are not fully refunded, oldest first. The transaction holds the locks of the invoices. */
export async function loadBaskets(
  tx: Transaction,
  invoiceIds: readonly string[],
): Promise<Map<string, BasketState[]>> {
  const baskets = new Map<string, BasketState[]>(invoiceIds.map((id) => [id, []]));
  if (invoiceIds.length === 0) return baskets;
  const rows = await loadBasketsStatement.rows(tx.client, [invoiceIds]);
  for (const { invoice_id, amount, refunded, ...basket } of rows) {
    baskets
      .get(invoice_id)
      ?.push({ ...basket, amount: parseAmount(amount), refunded: parseAmount(refunded) });
  }
  return baskets;
}
