import { eq, sql } from 'drizzle-orm';
import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type Amount, parseAmount } from '@cashback/contract';
import { PaymentError, type Basket, type BasketInput } from '@cashback/wire';
import { baskets } from './tables.ts';

/**
 * What a basket's successful refunds took, and its pending ones may take. The columns carry their tables: the builder would leave them
 * out, and both sides of the comparison would be the refund's.
 */
const refunded = sql<string>`(
  SELECT coalesce(sum(coalesce(refund.taken, refund.amount)), 0)::numeric(16, 4) FROM trust.refunds AS refund
  WHERE refund.basket_id = "trust"."baskets"."basket_id" AND refund.status IN ('pending', 'success')
)`;

/** False when a basket with this id exists. */
export async function insertBasket(db: NodePgDatabase, input: BasketInput): Promise<boolean> {
  const inserted = await db
    .insert(baskets)
    .values(input)
    .onConflictDoNothing()
    .returning({ basket_id: baskets.basket_id });
  return inserted.length > 0;
}

export const shownBasket = {
  basket_id: baskets.basket_id,
  wallet_id: baskets.wallet_id,
  user_id: baskets.user_id,
  currency: baskets.currency,
  amount: baskets.amount,
  source: baskets.source,
  order_id: baskets.order_id,
  refunded,
  status: baskets.status,
  reason: baskets.reason,
};

/** Throws `BASKET_NOT_FOUND`. */
export async function loadBasket(db: NodePgDatabase, basketId: string): Promise<Basket> {
  const [basket] = await db.select(shownBasket).from(baskets).where(eq(baskets.basket_id, basketId));
  if (basket === undefined) throw basketNotFound(basketId);
  return basket;
}

export interface LockedBasket {
  wallet_id: string;
  status: Basket['status'];
  amount: Amount;
}

/** Undefined when there is none. The lock serializes the refunds of one basket. */
export async function lockBasket(db: NodePgDatabase, basketId: string): Promise<LockedBasket | undefined> {
  const [basket] = await db
    .select({ wallet_id: baskets.wallet_id, status: baskets.status, amount: baskets.amount })
    .from(baskets)
    .where(eq(baskets.basket_id, basketId))
    .for('update');
  return basket && { ...basket, amount: parseAmount(basket.amount) };
}

export function basketNotFound(basketId: string): PaymentError {
  return new PaymentError('BASKET_NOT_FOUND', `there is no basket ${basketId}`, { basket_id: basketId });
}
