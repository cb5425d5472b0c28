import { type Source, parseAmount } from '@cashback/contract';
import type { BasketState } from '@cashback/core';
import { type Transaction, statement } from '@cashback/postgres';

interface Row {
  invoice_id: string;
  basket_id: string;
  source: Source;
  amount: string;
  refunded: string;
  elsewhere: boolean;
}

const loadBasketsStatement = statement<Row>({
  name: 'transactions.load-baskets',
  text: `
  SELECT basket.invoice_id, basket_id, source, amount, refunded,
    coalesce(basket.payee_version < invoice.payee_version, false) AS elsewhere
  FROM transactions.baskets AS basket
  LEFT JOIN transactions.invoices AS invoice ON invoice.invoice_id = basket.invoice_id
  WHERE basket.invoice_id = ANY($1::text[]) AND refunded < amount
  ORDER BY basket.invoice_id, basket.version, step_number`,
  columns: {
    invoice_id: 'text',
    basket_id: 'text',
    source: 'text',
    amount: 'numeric',
    refunded: 'numeric',
    elsewhere: 'bool!',
  },
});

/** By invoice, its baskets that are not fully refunded, oldest first. The transaction holds the locks of the invoices. */
export async function loadBaskets(
  tx: Transaction,
  invoiceIds: readonly string[],
): Promise<Map<string, BasketState[]>> {
  const baskets = new Map<string, BasketState[]>(invoiceIds.map((id) => [id, []]));
  if (invoiceIds.length === 0) return baskets;
  const rows = await loadBasketsStatement.rows(tx.client, [invoiceIds]);
  for (const { invoice_id, amount, refunded, elsewhere, ...basket } of rows) {
    baskets.get(invoice_id)?.push({
      ...basket,
      amount: parseAmount(amount),
      refunded: parseAmount(refunded),
      ...(elsewhere && { elsewhere }),
    });
  }
  return baskets;
}
