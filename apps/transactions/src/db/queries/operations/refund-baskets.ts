import type { Transaction } from '@cashback/postgres';

export interface BasketRefund {
  invoice_id: string;
  basket_id: string;
  amount: string;
}

const text = `
  UPDATE transactions.baskets AS stored SET refunded = stored.refunded + input.amount
  FROM unnest($1::text[], $2::text[], $3::numeric[]) AS input (invoice_id, basket_id, amount)
  WHERE stored.invoice_id = input.invoice_id AND stored.basket_id = input.basket_id`;

/** Refunds that Trust is known to have made. Each basket at most once; none beyond what it holds. */
export async function refundBaskets(tx: Transaction, refunds: readonly BasketRefund[]): Promise<void> {
  if (refunds.length === 0) return;
  const { rowCount } = await tx.client.query({
    name: 'transactions.refund-baskets',
    text,
    values: [
      refunds.map((refund) => refund.invoice_id),
      refunds.map((refund) => refund.basket_id),
      refunds.map((refund) => refund.amount),
    ],
  });
  if (rowCount !== refunds.length) {
    throw new Error(`expected to refund ${refunds.length} baskets, refunded ${rowCount}`);
  }
}
