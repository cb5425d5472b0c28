import type { Invoice } from '@cashback/wire';
import { type Amount, MAX_AMOUNT, formatAmount, parseAmount, sumAmounts } from '@cashback/contract/amount';
import type { ServiceConfig } from './service-config.ts';

/** A captured payment; `earns` is false for a payment type that earns nothing. */
export interface CapturedPayment {
  payment_type: string;
  earns: boolean;
  lines: CapturedLine[];
}

/** An item of a captured payment; `earns` is false for an excluded item, whichever payment it is in. */
interface CapturedLine {
  item_id: string;
  amount: Amount;
  earns: boolean;
}

type EarningRules = Pick<ServiceConfig, 'earning_payment_types' | 'excluded_items'>;

/**
 * The captured payments, line by line. Only a cleared invoice has captured anything: the items of a held one are
 * reserved, those of a cancelled one released. Throws a `RangeError` for a malformed amount.
 */
export function capturedPayments(
  invoice: Pick<Invoice, 'status' | 'payments'>,
  rules: EarningRules,
): CapturedPayment[] {
  if (invoice.status !== 'cleared') return [];
  return invoice.payments.map(({ payment_type, items }) => ({
    payment_type,
    earns: rules.earning_payment_types.includes(payment_type),
    lines: items.map(({ item_id, amount }) => ({
      item_id,
      amount: parseAmount(amount),
      earns: !rules.excluded_items.includes(item_id),
    })),
  }));
}

/** The earning amount of each line, over all payments in their order: the whole amount, or nothing. */
export function earningAmounts(payments: readonly CapturedPayment[]): Amount[] {
  return payments.flatMap(({ earns, lines }) =>
    lines.map((line) => (earns && line.earns ? line.amount : 0n)),
  );
}

/** The captured sum and the part of it that earns. Throws a `RangeError` above the largest amount. */
export function sumCaptured(payments: readonly CapturedPayment[]): { cleared_sum: Amount; base: Amount } {
  const cleared_sum = sumAmounts(payments.flatMap(({ lines }) => lines.map(({ amount }) => amount)));
  if (cleared_sum > MAX_AMOUNT) {
    throw new RangeError(
      `expected captured items of at most ${formatAmount(MAX_AMOUNT)} together, got ${formatAmount(cleared_sum)}`,
    );
  }
  return { cleared_sum, base: sumAmounts(earningAmounts(payments)) };
}
