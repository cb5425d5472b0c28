import { type Source, formatAmounts, parseAmount } from '@cashback/contract';
import { type BasketState, rewardedOf } from '@cashback/core';
import type { BasketRefund, NewBasket } from '../queries/operations/baskets.ts';

/** The rules of the statements on baskets, as those in `operations.ts`. */
export interface BasketRow extends BasketState {
  invoice_id: string;
  version: number;
  step_number: number;
}

/** `insertBaskets` */
export function insertedBasket({ amount, ...basket }: NewBasket): BasketRow {
  return { ...basket, amount: parseAmount(amount), refunded: 0n };
}

/** `refundBaskets` */
export function refundedBasket(row: BasketRow, { amount }: BasketRefund): BasketRow {
  const refunded = row.refunded + parseAmount(amount);
  if (refunded > row.amount) throw new Error(`basket ${row.basket_id} is refunded beyond its amount`);
  return { ...row, refunded };
}

/** `loadBaskets`, of one invoice. */
export function openBaskets(rows: readonly BasketRow[]): BasketState[] {
  return rows
    .filter(({ refunded, amount }) => refunded < amount)
    .toSorted((one, other) => one.version - other.version || one.step_number - other.step_number)
    .map(({ basket_id, source, amount, refunded }) => ({ basket_id, source, amount, refunded }));
}

/** What `readInvoice` reads of an invoice's baskets. */
export function heldBySource(rows: readonly BasketRow[]): { source: Source; amount: string }[] {
  return formatAmounts(rewardedOf(rows));
}
