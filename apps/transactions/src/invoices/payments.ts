import { type Amount, formatAmount, parseAmount, sumAmounts } from '@cashback/contract';
import type { InvoiceStatus, Payment } from '@cashback/wire';

/** The one form of payments: fields in one order, amounts with four places. */
export function normalisePayments(payments: readonly Payment[]): Payment[] {
  return payments.map(({ payment_type, items }) => ({
    payment_type,
    items: items.map(({ item_id, amount }) => ({ item_id, amount: formatAmount(parseAmount(amount)) })),
  }));
}

/** `"100"` and `"100.0000"` are the same amount. */
export function equalPayments(left: readonly Payment[], right: readonly Payment[]): boolean {
  return JSON.stringify(normalisePayments(left)) === JSON.stringify(normalisePayments(right));
}

export function sumPayments(payments: readonly Payment[]): Amount {
  return sumAmounts(payments.flatMap(({ items }) => items.map(({ amount }) => parseAmount(amount))));
}

/** The captured part of the payments: nothing, unless the invoice is cleared. */
export function capturedSum(status: InvoiceStatus, payments: readonly Payment[]): Amount {
  return status === 'cleared' ? sumPayments(payments) : 0n;
}
