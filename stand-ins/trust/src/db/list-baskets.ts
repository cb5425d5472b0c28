import type { Reader } from '@cashback/postgres';
import type { BasketsPage, BasketsQuery } from '@cashback/wire';
import { listBasketsAfter } from './baskets.ts';
import { loadFirstRefunds } from './list-refunds.ts';

/** A page of an order's baskets, oldest first, each with its first refunds. Empty after a basket that there is not. */
export async function listBaskets(
  reader: Reader,
  { order_id, after, limit }: BasketsQuery,
): Promise<BasketsPage> {
  const found = await listBasketsAfter(reader, { order_id, after: after ?? null, limit: limit + 1 });
  const page = found.slice(0, limit);
  const refundsOf = await loadFirstRefunds(
    reader,
    page.map(({ basket_id }) => basket_id),
  );
  return {
    baskets: page.map((basket) => {
      const { refunds = [], next: next_refund = null } = refundsOf.get(basket.basket_id) ?? {};
      return { ...basket, refunds, next_refund };
    }),
    next: found.length > limit ? (page.at(-1)?.basket_id ?? null) : null,
  };
}
