import { and, eq, inArray, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import type { BasketsPage, BasketsQuery, Refund } from '@cashback/wire';
import { shownBasket } from './baskets.ts';
import { shownRefund } from './refunds.ts';
import { baskets, refunds } from './tables.ts';

/** A page of an order's baskets, oldest first, each with all of its refunds. Empty after a basket that there is not. */
export async function listBaskets(
  db: NodePgDatabase,
  { order_id, after, limit }: BasketsQuery,
): Promise<BasketsPage> {
  const found = await db
    .select(shownBasket)
    .from(baskets)
    .where(and(eq(baskets.order_id, order_id), after === undefined ? undefined : isAfter(after)))
    .orderBy(baskets.created_at, baskets.basket_id)
    .limit(limit + 1);
  const page = found.slice(0, limit);
  const refundsOf = await loadRefunds(
    db,
    page.map(({ basket_id }) => basket_id),
  );
  return {
    baskets: page.map((basket) => ({ ...basket, refunds: refundsOf.get(basket.basket_id) ?? [] })),
    next: found.length > limit ? (page.at(-1)?.basket_id ?? null) : null,
  };
}

function isAfter(basketId: string) {
  return sql`("trust"."baskets"."created_at", "trust"."baskets"."basket_id") > (
    SELECT last.created_at, last.basket_id FROM trust.baskets AS last WHERE last.basket_id = ${basketId}
  )`;
}

async function loadRefunds(db: NodePgDatabase, basketIds: string[]): Promise<Map<string, Refund[]>> {
  const found = await db
    .select(shownRefund)
    .from(refunds)
    .where(inArray(refunds.basket_id, basketIds))
    .orderBy(refunds.created_at, refunds.refund_id);
  return Map.groupBy(found, ({ basket_id }) => basket_id);
}
