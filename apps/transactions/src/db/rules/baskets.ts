import { type Source, formatAmounts, parseAmount } from '@cashback/contract';
import { type BasketState, rewardedOf } from '@cashback/core';
import type { BasketRefund, NewBasket } from '../queries/operations/baskets.ts';
import { FIRST_EPOCH } from '../../invoices/invoice.ts';
import { FIRST_PAYEE, type InvoiceRow } from './invoices.ts';

/** The rules of the statements on baskets, as those in `operations.ts`. */
export interface BasketRow extends Omit<BasketState, 'elsewhere'> {
  invoice_id: string;
  version: number;
  step_number: number;
  /** Of the invoice when it was made: its wallet is that payee's. */
  payee_version: number;
}

type Payee = Pick<InvoiceRow, 'payee_version'>;

/** `insertBaskets`, of an invoice. */
export function insertedBasket(
  { amount, elsewhere, ...basket }: NewBasket,
  { payee_version: current }: Payee,
): BasketRow {
  const payee_version = elsewhere === true ? current - 1 : current;
  return { ...basket, amount: parseAmount(amount), refunded: 0n, payee_version };
}

/** `refundBaskets` */
export function refundedBasket(row: BasketRow, { amount }: BasketRefund): BasketRow {
  const refunded = row.refunded + parseAmount(amount);
  if (refunded > row.amount) throw new Error(`basket ${row.basket_id} is refunded beyond its amount`);
  return { ...row, refunded };
}

/** `loadBaskets`, of one invoice. */
export function openBaskets(rows: readonly BasketRow[], invoice: Payee): BasketState[] {
  return rows
    .filter(isOpen)
    .toSorted((one, other) => one.version - other.version || one.step_number - other.step_number)
    .map((row) => {
      const { basket_id, source, amount, refunded } = row;
      const state = { basket_id, source, amount, refunded };
      return isElsewhere(row, invoice) ? { ...state, elsewhere: true as const } : state;
    });
}

/** What `readInvoice` reads of an invoice's baskets. */
export function heldBySource(rows: readonly BasketRow[]): { source: Source; amount: string }[] {
  return formatAmounts(rewardedOf(rows));
}

/** What `readInvoice` reads as `elsewhere`. Neither a change of payee nor a restore: there is no earlier payee. */
export function heldElsewhere(
  rows: readonly BasketRow[],
  invoice: Pick<InvoiceRow, 'payee_version' | 'reconciled_epoch'>,
): { source: Source; amount: string }[] {
  if (invoice.payee_version === FIRST_PAYEE && invoice.reconciled_epoch === FIRST_EPOCH) return [];
  return heldBySource(rows.filter((row) => isOpen(row) && isElsewhere(row, invoice)));
}

function isOpen({ refunded, amount }: BasketRow): boolean {
  return refunded < amount;
}

function isElsewhere(row: BasketRow, invoice: Payee): boolean {
  return row.payee_version < invoice.payee_version;
}
