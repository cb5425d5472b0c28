import { type Amount, formatAmount, parseAmount, sumAmounts } from '@cashback/contract';
import type { BasketState } from '@cashback/core';
import type { ListedBasket } from '@cashback/wire';
import type { BasketRefund, NewBasket } from '../../db/queries/operations/baskets.ts';

/** A basket or a refund of Trust that no step here made. */
export interface AdoptedStep {
  step_id: string;
  invoice_id: string;
  kind: 'topup' | 'refund';
  basket_id: string;
  amount: string;
  /** Of the amount, what a refund found in the wallet; null: all of it. */
  taken: string | null;
}

/** The history of an invoice as known here; its operations have all ended. */
export interface KnownHistory {
  invoice_id: string;
  cashback_version: number;
  /** Of the payee of now. */
  wallet_id: string;
  /** All of them, also those that are fully refunded. */
  baskets: readonly BasketState[];
  /** The keys at Trust of the steps that were applied or adopted. */
  step_ids: ReadonlySet<string>;
}

export type Adoption =
  /** With `cashback_version` null the two agree. */
  | {
      outcome: 'adopt';
      cashback_version: number | null;
      baskets: NewBasket[];
      refunds: BasketRefund[];
      steps: AdoptedStep[];
    }
  /** Trust has not ended what was lost here: what the invoice carries is known only afterwards. */
  | { outcome: 'wait'; pending: string[] }
  /** Trust has less than was recorded here, or something else: no restore of this side explains it. */
  | { outcome: 'differs'; differences: string[] };

/**
 * Compares an invoice's baskets with those of Trust, where the money is. Afterwards `rewarded` is the sum of Trust's
 * successful baskets less their successful refunds, by source.
 */
export function decideAdoption(known: KnownHistory, listed: readonly ListedBasket[]): Adoption {
  const pending = listed.flatMap(pendingIn);
  if (pending.length > 0) return { outcome: 'wait', pending };
  const differences = differencesBetween(known, listed);
  if (differences.length > 0) return { outcome: 'differs', differences };

  const { invoice_id, step_ids } = known;
  const stored = new Map(known.baskets.map((basket) => [basket.basket_id, basket]));
  const version = known.cashback_version + 1;
  const applied = listed.filter(({ status }) => status === 'success');
  const baskets = applied
    .filter(({ basket_id }) => !stored.has(basket_id))
    .map(({ basket_id, source, amount, wallet_id }, index) => ({
      invoice_id,
      basket_id,
      source,
      amount,
      version,
      step_number: index + 1,
      ...(wallet_id !== known.wallet_id && { elsewhere: true as const }),
    }));
  const refunds = applied.flatMap((basket): BasketRefund[] => {
    const { basket_id } = basket;
    const missing = refundedOf(basket) - (stored.get(basket_id)?.refunded ?? 0n);
    return missing === 0n ? [] : [{ invoice_id, basket_id, amount: formatAmount(missing) }];
  });
  const steps = applied.flatMap(stepsOf).flatMap((step) => {
    return step_ids.has(step.step_id) ? [] : [{ ...step, invoice_id }];
  });
  const agrees = baskets.length === 0 && refunds.length === 0;
  return { outcome: 'adopt', cashback_version: agrees ? null : version, baskets, refunds, steps };
}

function pendingIn({ basket_id, status, refunds }: ListedBasket): string[] {
  const waiting = refunds.filter((refund) => refund.status === 'pending').map(({ refund_id }) => refund_id);
  return status === 'pending' ? [basket_id, ...waiting] : waiting;
}

function differencesBetween({ baskets }: KnownHistory, listed: readonly ListedBasket[]): string[] {
  const found = new Map(listed.map((basket) => [basket.basket_id, basket]));
  const overdrawn = listed
    .filter((basket) => refundedOf(basket) > (basket.status === 'success' ? parseAmount(basket.amount) : 0n))
    .map(({ basket_id }) => `basket ${basket_id} is refunded beyond its amount at Trust`);
  const fromOurs = baskets.flatMap((ours) => {
    const { basket_id, source, amount, refunded } = ours;
    const theirs = found.get(basket_id);
    if (theirs === undefined) return [`basket ${basket_id} is not at Trust`];
    const differences: string[] = [];
    const compare = (field: string, expected: string, got: string): void => {
      if (expected !== got)
        differences.push(`${field} of basket ${basket_id} is ${expected}, at Trust ${got}`);
    };
    compare('status', 'success', theirs.status);
    compare('source', source, theirs.source);
    compare('amount', formatAmount(amount), formatAmount(parseAmount(theirs.amount)));
    if (refundedOf(theirs) < refunded) {
      compare('refunded', formatAmount(refunded), formatAmount(refundedOf(theirs)));
    }
    return differences;
  });
  return [...overdrawn, ...fromOurs];
}

function refundedOf({ refunds }: ListedBasket): Amount {
  return sumAmounts(
    refunds
      .filter(({ status }) => status === 'success')
      .map(({ amount, taken }) => parseAmount(taken ?? amount)),
  );
}

function stepsOf({ basket_id, amount, refunds }: ListedBasket): Omit<AdoptedStep, 'invoice_id'>[] {
  const refunded = refunds.filter(({ status }) => status === 'success');
  return [
    { step_id: basket_id, kind: 'topup', basket_id, amount, taken: null },
    ...refunded.map((refund) => ({
      step_id: refund.refund_id,
      kind: 'refund' as const,
      basket_id,
      amount: refund.amount,
      taken: refund.taken ?? null,
    })),
  ];
}
