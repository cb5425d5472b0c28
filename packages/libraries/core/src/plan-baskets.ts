import { type Amount, formatAmount, sumAmounts } from '@cashback/contract/amount';
import { type Source, type AmountsBySource, amountOf, sourcesOf } from '@cashback/contract/source';

/** A top-up at Trust, and the sum of its refunds so far. */
export interface BasketState {
  basket_id: string;
  source: Source;
  amount: Amount;
  refunded: Amount;
  /** It topped up the wallet of an earlier payee: all that it holds is taken back. */
  elsewhere?: true;
}

export type PlannedStep =
  | { kind: 'topup'; source: Source; amount: Amount }
  | { kind: 'refund'; source: Source; basket_id: string; amount: Amount };

/**
 * The steps that bring the baskets of one order, oldest first, to the target: which basket to create or to refund. A
 * source gets one top-up, or refunds of its newest baskets first, never more than each still holds. All top-ups come
 * before all refunds, so that the wallet dips no lower than necessary. Empty when the target is already reached. Before all
 * of these, what wallets of earlier payees hold is taken back, so that no two wallets have the same money.
 *
 * Throws a `RangeError` for a target below zero and for a basket refunded beyond its amount.
 */
export function planBaskets(target: AmountsBySource, baskets: readonly BasketState[]): PlannedStep[] {
  const here = baskets.filter(({ elsewhere }) => elsewhere !== true);
  const back = baskets
    .filter(({ elsewhere }) => elsewhere === true)
    .toReversed()
    .flatMap((basket): PlannedStep[] => {
      const amount = heldBy(basket);
      const { source, basket_id } = basket;
      return amount === 0n ? [] : [{ kind: 'refund', source, basket_id, amount }];
    });
  const steps = sourcesOf(target, rewardedOf(here)).flatMap((source) =>
    planSource(
      source,
      amountOf(target, source),
      here.filter((basket) => basket.source === source),
    ),
  );
  return [
    ...back,
    ...steps.filter(({ kind }) => kind === 'topup'),
    ...steps.filter(({ kind }) => kind === 'refund'),
  ];
}

/** The amounts that the baskets carry now, for every source that has one. */
export function rewardedOf(baskets: readonly BasketState[]): AmountsBySource {
  const rewarded: AmountsBySource = {};
  for (const basket of baskets) rewarded[basket.source] = amountOf(rewarded, basket.source) + heldBy(basket);
  return rewarded;
}

function planSource(source: Source, target: Amount, baskets: readonly BasketState[]): PlannedStep[] {
  if (target < 0n) {
    throw new RangeError(`expected a target of at least 0 for "${source}", got ${formatAmount(target)}`);
  }
  const missing = target - sumAmounts(baskets.map(heldBy));
  if (missing > 0n) return [{ kind: 'topup', source, amount: missing }];

  const steps: PlannedStep[] = [];
  let excess = -missing;
  for (const basket of baskets.toReversed()) {
    const held = heldBy(basket);
    const amount = held < excess ? held : excess;
    if (amount > 0n) steps.push({ kind: 'refund', source, basket_id: basket.basket_id, amount });
    excess -= amount;
  }
  return steps;
}

function heldBy({ basket_id, amount, refunded }: BasketState): Amount {
  if (refunded < 0n || refunded > amount) {
    const expected = `expected between 0 and ${formatAmount(amount)} refunded`;
    throw new RangeError(`basket ${basket_id}: ${expected}, got ${formatAmount(refunded)}`);
  }
  return amount - refunded;
}
