import type { Source } from '@cashback/contract';
import type { Transaction } from '@cashback/postgres';

export interface NewBasket {
  invoice_id: string;
  basket_id: string;
  source: Source;
  amount: string;
  version: number;
  step_number: number;
}

const text = `
  INSERT INTO transactions.baskets (invoice_id, basket_id, source, amount, version, step_number)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::integer[], $6::integer[])`;

/** Baskets that Trust is known to have. */
export async function insertBaskets(tx: Transaction, baskets: readonly NewBasket[]): Promise<void> {
  if (baskets.length === 0) return;
  await tx.client.query({
    name: 'transactions.insert-baskets',
    text,
    values: [
      baskets.map((basket) => basket.invoice_id),
      baskets.map((basket) => basket.basket_id),
      baskets.map((basket) => basket.source),
      baskets.map((basket) => basket.amount),
      baskets.map((basket) => basket.version),
      baskets.map((basket) => basket.step_number),
    ],
  });
}
