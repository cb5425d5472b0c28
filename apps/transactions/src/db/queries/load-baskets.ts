import { type Source, parseAmount } from '@cashback/contract';
import type { BasketState } from '@cashback/core';
import type { Transaction } from '@cashback/postgres';

interface Row {
  basket_id: string;
  source: Source;
  amount: string;
  refunded: string;
}

const text = `
  SELECT basket_id, source, amount, refunded
  FROM transactions.baskets
  WHERE invoice_id = $1 AND refunded < amount
  ORDER BY version, step_number`;

/** The invoice's baskets that still hold something, oldest first; the transaction holds its lock. */
export async function loadBaskets(tx: Transaction, invoiceId: string): Promise<BasketState[]> {
  const { rows } = await tx.client.query<Row>({
    name: 'transactions.load-baskets',
    text,
    values: [invoiceId],
  });
  return rows.map(({ amount, refunded, ...basket }) => ({
    ...basket,
    amount: parseAmount(amount),
    refunded: parseAmount(refunded),
  }));
}
