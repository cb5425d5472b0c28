import { type AmountsBySource, SOURCES, amountOf, formatAmount } from '@cashback/contract';
import { expect } from 'vitest';
import { type TransactionsUnderTest, queryRows } from './support.ts';

type Rewarded = { source: string; amount: string }[];

/**
 * The invoice's rewarded amounts are those of Trust's own tables, no basket gave more than it had, and the wallet,
 * which is the invoice's alone and was not spent from, holds just that.
 */
export async function expectTrustAgrees(
  { owner }: TransactionsUnderTest,
  { invoice_id, wallet_id }: { invoice_id: string; wallet_id: string },
  rewarded: Rewarded,
): Promise<void> {
  const held = await queryRows(
    owner,
    `SELECT b.source, sum(b.amount - coalesce(r.refunded, 0))::text AS amount, min(b.amount - coalesce(r.refunded, 0)) >= 0 AS sound
     FROM trust.baskets AS b
     LEFT JOIN (SELECT basket_id, sum(amount) AS refunded FROM trust.refunds WHERE status = 'success' GROUP BY basket_id) AS r
       ON r.basket_id = b.basket_id
     WHERE b.order_id = $1 AND b.status = 'success' GROUP BY b.source ORDER BY b.source DESC`,
    [invoice_id],
  );
  expect(held.map(({ source, amount: sum }) => ({ source, amount: sum }))).toEqual(rewarded);
  expect(held.every(({ sound }) => sound)).toBe(true);
  const open = await queryRows(
    owner,
    `SELECT FROM trust.baskets WHERE order_id = $1 AND status = 'pending'
     UNION ALL SELECT FROM trust.refunds AS r JOIN trust.baskets AS b USING (basket_id) WHERE b.order_id = $1 AND r.status = 'pending'`,
    [invoice_id],
  );
  expect(open).toHaveLength(0);
  const [wallet] = await queryRows(owner, 'SELECT balance FROM trust.wallets WHERE wallet_id = $1', [
    wallet_id,
  ]);
  const [sum] = await queryRows(
    owner,
    'SELECT coalesce(sum(amount - refunded), 0)::numeric(20, 4)::text AS sum FROM transactions.baskets WHERE invoice_id = $1',
    [invoice_id],
  );
  expect(wallet?.balance ?? '0.0000').toBe(sum?.sum);
}

export function expectRewarded(rewarded: Rewarded, target: AmountsBySource): void {
  for (const source of SOURCES) {
    const found = rewarded.find((one) => one.source === source)?.amount ?? '0.0000';
    expect(found).toBe(formatAmount(amountOf(target, source)));
  }
}
