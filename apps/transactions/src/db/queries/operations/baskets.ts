import type { Source } from '@cashback/contract';
import { type Transaction, statement } from '@cashback/postgres';

export interface NewBasket {
  invoice_id: string;
  basket_id: string;
  source: Source;
  amount: string;
  version: number;
  step_number: number;
  /** It topped up the wallet of an earlier payee. */
  elsewhere?: true;
}

// A restore can forget a change of payee: then a basket of another wallet stands before the first payee, as 0.
const insertBasketsStatement = statement({
  name: 'transactions.insert-baskets',
  text: `
  INSERT INTO transactions.baskets (invoice_id, basket_id, source, amount, version, step_number, payee_version)
  SELECT input.invoice_id, basket_id, source, amount, input.version, step_number,
    CASE WHEN elsewhere THEN payee_version - 1 ELSE coalesce(payee_version, 1) END
  FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::integer[], $6::integer[], $7::boolean[])
    AS input (invoice_id, basket_id, source, amount, version, step_number, elsewhere)
  LEFT JOIN transactions.invoices ON invoices.invoice_id = input.invoice_id`,
  columns: {},
});

/** Baskets that Trust is known to have. */
export async function insertBaskets(tx: Transaction, baskets: readonly NewBasket[]): Promise<void> {
  if (baskets.length === 0) return;
  await insertBasketsStatement.run(tx.client, [
    baskets.map((basket) => basket.invoice_id),
    baskets.map((basket) => basket.basket_id),
    baskets.map((basket) => basket.source),
    baskets.map((basket) => basket.amount),
    baskets.map((basket) => basket.version),
    baskets.map((basket) => basket.step_number),
    baskets.map((basket) => basket.elsewhere === true),
  ]);
}

export interface BasketRefund {
  invoice_id: string;
  basket_id: string;
  amount: string;
}

const refundBasketsStatement = statement({
  name: 'transactions.refund-baskets',
  text: `
  UPDATE transactions.baskets AS stored SET refunded = stored.refunded + input.amount
  FROM unnest($1::text[], $2::text[], $3::numeric[]) AS input (invoice_id, basket_id, amount)
  WHERE stored.invoice_id = input.invoice_id AND stored.basket_id = input.basket_id`,
  columns: {},
});

/** Refunds that Trust is known to have made. Each basket at most once; none beyond what it holds. */
export async function refundBaskets(tx: Transaction, refunds: readonly BasketRefund[]): Promise<void> {
  if (refunds.length === 0) return;
  const rowCount = await refundBasketsStatement.run(tx.client, [
    refunds.map((refund) => refund.invoice_id),
    refunds.map((refund) => refund.basket_id),
    refunds.map((refund) => refund.amount),
  ]);
  if (rowCount !== refunds.length) {
    throw new Error(`expected to refund ${refunds.length} baskets, refunded ${rowCount}`);
  }
}
