import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type Amount, parseAmount } from '@cashback/contract';
import { type Reader, type Transaction, statement } from '@cashback/postgres';
import { PaymentError, type Basket, type BasketInput } from '@cashback/wire';
import { baskets } from './tables.ts';

/** False when a basket with this id exists. */
export async function insertBasket(db: NodePgDatabase, input: BasketInput): Promise<boolean> {
  const inserted = await db
    .insert(baskets)
    .values(input)
    .onConflictDoNothing()
    .returning({ basket_id: baskets.basket_id });
  return inserted.length > 0;
}

type BasketRow = { [Name in keyof Basket]: Basket[Name] };

/** `refunded`: what successful refunds took, and pending ones may take. */
const SHOWN = `
  basket_id, wallet_id, user_id, currency, amount, source, order_id, (
    SELECT coalesce(sum(coalesce(refund.taken, refund.amount)), 0)::numeric(16, 4) FROM trust.refunds AS refund
    WHERE refund.basket_id = basket.basket_id AND refund.status IN ('pending', 'success')
  ) AS refunded, status, reason`;
const COLUMNS = {
  basket_id: 'text',
  wallet_id: 'text',
  user_id: 'text',
  currency: 'text',
  amount: 'numeric',
  source: 'text',
  order_id: 'text',
  refunded: 'numeric',
  status: 'text',
  reason: 'text?',
} as const;

const loadBasketStatement = statement<BasketRow>({
  name: 'trust.load-basket',
  text: `SELECT ${SHOWN} FROM trust.baskets AS basket WHERE basket_id = $1`,
  columns: COLUMNS,
});

/** Throws `BASKET_NOT_FOUND`. */
export async function loadBasket(reader: Reader, basketId: string): Promise<Basket> {
  const [basket] = await loadBasketStatement.rows(reader, [basketId]);
  if (basket === undefined) throw basketNotFound(basketId);
  return basket;
}

const listBasketsStatement = statement<BasketRow>({
  name: 'trust.list-baskets',
  text: `
  SELECT ${SHOWN}
  FROM trust.baskets AS basket
  WHERE order_id = $1 AND ($2::text IS NULL OR (created_at, basket_id) > (
    SELECT last.created_at, last.basket_id FROM trust.baskets AS last WHERE last.basket_id = $2
  ))
  ORDER BY created_at, basket_id
  LIMIT $3`,
  columns: COLUMNS,
});

/** Baskets of an order, oldest first, at most `limit`. None after a basket that there is not. */
export function listBasketsAfter(
  reader: Reader,
  { order_id, after, limit }: { order_id: string; after: string | null; limit: number },
): Promise<Basket[]> {
  return listBasketsStatement.rows(reader, [order_id, after, limit]);
}

export interface LockedBasket {
  wallet_id: string;
  status: Basket['status'];
  amount: Amount;
}

const lockBasketStatement = statement<{ wallet_id: string; status: Basket['status']; amount: string }>({
  name: 'trust.lock-basket',
  text: 'SELECT wallet_id, status, amount FROM trust.baskets WHERE basket_id = $1 FOR UPDATE',
  columns: { wallet_id: 'text', status: 'text', amount: 'numeric' },
});

/** Undefined when there is none. The lock serializes the refunds of one basket. */
export async function lockBasket(
  { client }: Transaction,
  basketId: string,
): Promise<LockedBasket | undefined> {
  const [basket] = await lockBasketStatement.rows(client, [basketId]);
  return basket && { ...basket, amount: parseAmount(basket.amount) };
}

export function basketNotFound(basketId: string): PaymentError {
  return new PaymentError('BASKET_NOT_FOUND', `there is no basket ${basketId}`, { basket_id: basketId });
}
