import { sumAmounts } from '@cashback/contract/amount';
import { SOURCES, type AmountsBySource, amountOf, equalAmounts } from '@cashback/contract/source';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BasketState, type PlannedStep, planBaskets, rewardedOf } from '../src/plan-baskets.ts';
import { anyAmountsBySource, fewAmountsBySource } from './arbitraries.ts';

interface Case {
  guarantee: string;
  target: AmountsBySource;
  /** `basket_id source amount refunded`, oldest first. */
  baskets?: string[];
  /** `topup source amount` or `refund source basket_id amount`. */
  steps: string[];
}

const cases: Case[] = [
  { guarantee: 'an empty target needs no step', target: {}, steps: [] },
  { guarantee: 'zero needs no basket', target: { user: 0n, service: 0n }, steps: [] },
  {
    guarantee: 'each source that has no basket is topped up',
    target: { service: 3n, user: 5n },
    steps: ['topup user 5', 'topup service 3'],
  },
  {
    guarantee: 'a reached target needs no step',
    target: { user: 8n },
    baskets: ['a user 5 0', 'b user 4 1'],
    steps: [],
  },
  {
    guarantee: 'only the missing amount is topped up, in one basket',
    target: { user: 9n },
    baskets: ['a user 5 0', 'b user 3 3'],
    steps: ['topup user 4'],
  },
  {
    guarantee: 'a refund takes from the newest basket first',
    target: { user: 6n },
    baskets: ['a user 5 0', 'b user 3 0'],
    steps: ['refund user b 2'],
  },
  {
    guarantee: 'a refund continues with the next older basket once the newest is empty',
    target: { user: 1n },
    baskets: ['a user 5 0', 'b user 3 0', 'c user 2 0'],
    steps: ['refund user c 2', 'refund user b 3', 'refund user a 4'],
  },
  {
    guarantee: 'a refund takes no more of a basket than it still holds, and skips empty ones',
    target: { user: 2n },
    baskets: ['a user 5 1', 'b user 3 3', 'c user 2 1'],
    steps: ['refund user c 1', 'refund user a 2'],
  },
  {
    guarantee: 'what a wallet of an earlier payee holds is taken back first, and topped up again',
    target: { user: 6n },
    baskets: ['a user 5 1 elsewhere', 'b service 3 0 elsewhere', 'c user 2 0'],
    steps: ['refund service b 3', 'refund user a 4', 'topup user 4'],
  },
  {
    guarantee: 'a full refund empties every basket',
    target: {},
    baskets: ['a user 5 1', 'b service 3 0'],
    steps: ['refund user a 4', 'refund service b 3'],
  },
  {
    guarantee: "one source's baskets never pay for another source",
    target: { user: 5n, service: 0n },
    baskets: ['a service 5 0'],
    steps: ['topup user 5', 'refund service a 5'],
  },
  {
    guarantee: 'baskets of a source that only a newer release knows count like the others',
    target: { user: 5n },
    baskets: ['a user 5 0', 'b bank 3 1'],
    steps: ['refund bank b 2'],
  },
  {
    guarantee: 'all top-ups come before all refunds, across sources',
    target: { user: 1n, service: 5n },
    baskets: ['a user 5 0'],
    steps: ['topup service 5', 'refund user a 4'],
  },
];

describe('planBaskets', () => {
  test.each(cases)('$guarantee', ({ target, baskets = [], steps }) => {
    expect(planBaskets(target, baskets.map(basketOf)).map(textOf)).toEqual(steps);
  });

  test('refuses impossible baskets and targets', () => {
    expect(() => planBaskets({}, [basketOf('a user 5 6')])).toThrow(
      'basket a: expected between 0 and 0.0005 refunded',
    );
    expect(() => planBaskets({}, [basketOf('a user 5 -1')])).toThrow(RangeError);
    expect(() => planBaskets({ user: -1n }, [])).toThrow(RangeError);
  });

  const targets = fc.oneof(
    fc.array(anyAmountsBySource, { maxLength: 12 }),
    fc.array(fewAmountsBySource, { maxLength: 30 }),
  );

  test('any sequence of targets ends at the last one, and repeating the last changes nothing', () => {
    fc.assert(
      fc.property(targets, (sequence) => {
        const baskets = sequence.reduce(moveTo, []);
        expect(equalAmounts(rewardedOf(baskets), sequence.at(-1) ?? {})).toBe(true);
        expect(planBaskets(sequence.at(-1) ?? {}, baskets)).toEqual([]);
      }),
    );
  });

  test('no basket is ever refunded beyond its amount, and every step moves money', () => {
    fc.assert(
      fc.property(targets, (sequence) => {
        let baskets: BasketState[] = [];
        for (const target of sequence) {
          const steps = planBaskets(target, baskets);
          baskets = steps.reduce(applyStep, baskets);
          expect(steps.every(({ amount }) => amount > 0n)).toBe(true);
          expect(baskets.every(({ amount, refunded }) => 0n <= refunded && refunded <= amount)).toBe(true);
        }
      }),
    );
  });

  test('money is conserved: for each source, rewarded equals top-ups less refunds', () => {
    fc.assert(
      fc.property(targets, (sequence) => {
        let baskets: BasketState[] = [];
        const steps: PlannedStep[] = [];
        for (const target of sequence) {
          const planned = planBaskets(target, baskets);
          steps.push(...planned);
          baskets = planned.reduce(applyStep, baskets);
        }
        for (const source of SOURCES) {
          const moved = (kind: PlannedStep['kind']) =>
            sumAmounts(
              steps
                .filter((step) => step.kind === kind && step.source === source)
                .map(({ amount }) => amount),
            );
          expect(moved('topup') - moved('refund')).toBe(amountOf(rewardedOf(baskets), source));
        }
      }),
    );
  });

  test('the next plan for the same target finishes one that stopped half-way', () => {
    fc.assert(
      fc.property(targets, anyAmountsBySource, fc.nat(8), (sequence, target, done) => {
        const baskets = sequence.reduce(moveTo, []);
        const halfWay = planBaskets(target, baskets).slice(0, done).reduce(applyStep, baskets);
        expect(equalAmounts(rewardedOf(moveTo(halfWay, target)), target)).toBe(true);
      }),
    );
  });
});

describe('rewardedOf', () => {
  test('is the amount that the baskets still hold, for every source that has one', () => {
    expect(rewardedOf([])).toEqual({});
    const baskets = ['a user 5 1', 'b service 3 3', 'c user 2 0'].map(basketOf);
    expect(rewardedOf(baskets)).toEqual({ user: 6n, service: 0n });
  });
});

function moveTo(baskets: BasketState[], target: AmountsBySource): BasketState[] {
  return planBaskets(target, baskets).reduce(applyStep, baskets);
}

/** Carries a step out, as Trust does. */
function applyStep(baskets: BasketState[], step: PlannedStep): BasketState[] {
  if (step.kind === 'topup') {
    const basket = {
      basket_id: `basket-${baskets.length}`,
      source: step.source,
      amount: step.amount,
      refunded: 0n,
    };
    return [...baskets, basket];
  }
  return baskets.map((basket) =>
    basket.basket_id === step.basket_id ? { ...basket, refunded: basket.refunded + step.amount } : basket,
  );
}

function basketOf(text: string): BasketState {
  const [basket_id = '', source = '', amount = '', refunded = '', elsewhere] = text.split(' ');
  return {
    basket_id,
    source: source as BasketState['source'],
    amount: BigInt(amount),
    refunded: BigInt(refunded),
    ...(elsewhere !== undefined && { elsewhere: true as const }),
  };
}

function textOf(step: PlannedStep): string {
  return step.kind === 'topup'
    ? `topup ${step.source} ${step.amount}`
    : `refund ${step.source} ${step.basket_id} ${step.amount}`;
}
