import type { Reader } from '@cashback/postgres';
import type { BasketsPage, BasketsQuery } from '@cashback/wire';
import { listBasketsAfter } from './baskets.ts';
import { listRefunds } from './refunds.ts';

/** A page of an order's baskets, oldest first, each with all of its refunds. Empty after a basket that there is not. */
export async function listBaskets(
  reader: Reader,
  { order_id, after, limit }: BasketsQuery,
): Promise<BasketsPage> {
  const found = await listBasketsAfter(reader, { order_id, after: after ?? null, limit: limit + 1 });
  const page = found.slice(0, limit);
  const refunds = await listRefunds(
    reader,
    page.map(({ basket_id }) => basket_id),
  );
  const refundsOf = Map.groupBy(refunds, ({ basket_id }) => basket_id);
  return {
    baskets: page.map((basket) => ({ ...basket, refunds: refundsOf.get(basket.basket_id) ?? [] })),
    next: found.length > limit ? (page.at(-1)?.basket_id ?? null) : null,
  };
}
