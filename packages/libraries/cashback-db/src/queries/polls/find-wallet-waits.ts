import { type Reader, statement } from '@cashback/postgres';

// The condition of the index `order_clears_wallet_waits`. The codes are those of `attemptDelay` in core.
const findWalletWaitsStatement = statement<{ order_id: string }>({
  name: 'cashback.find-wallet-waits',
  text: `
  SELECT order_id FROM cashback.order_clears
  WHERE wallet_id = $1 AND attention IS NOT NULL AND attention_code IN ('wallet_forbids_negative', 'owed')
    AND due_by IS DISTINCT FROM 'balance'
  ORDER BY attention_since, order_id LIMIT $2`,
  columns: { order_id: 'text' },
});

/**
 * Orders that wait for money in this wallet, longest first. Those that are due for it already are left out, so that a
 * repeated callback changes nothing, and a later one reaches those behind the page.
 */
export async function findWalletWaits(
  reader: Reader,
  { wallet_id, limit }: { wallet_id: string; limit: number },
): Promise<string[]> {
  const rows = await findWalletWaitsStatement.rows(reader, [wallet_id, limit]);
  return rows.map(({ order_id }) => order_id);
}
