import { MAX_AMOUNT } from '@cashback/contract/amount';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitByLargestRemainder } from '../src/largest-remainder.ts';
import { anyAmount } from './arbitraries.ts';

describe('splitByLargestRemainder', () => {
  const cases: [guarantee: string, whole: bigint, weights: bigint[], parts: bigint[]][] = [
    ['zero without weights has no parts', 0n, [], []],
    ['zero needs no weight above zero', 0n, [0n, 0n], [0n, 0n]],
    ['a single weight takes the whole', 7n, [3n], [7n]],
    ['an even split has no remainder', 10n, [1n, 1n, 3n], [2n, 2n, 6n]],
    ['the remaining unit goes to the largest remainder', 10n, [1n, 2n, 4n], [1n, 3n, 6n]],
    ['a tie goes to the lower index', 1n, [1n, 1n], [1n, 0n]],
    ['two remaining units go to the two lowest indexes of a tie', 5n, [1n, 1n, 1n], [2n, 2n, 1n]],
    ['weight zero gets nothing', 5n, [0n, 1n, 0n, 1n], [0n, 3n, 0n, 2n]],
    [
      'the largest amounts lose no unit',
      MAX_AMOUNT,
      [MAX_AMOUNT, MAX_AMOUNT - 1n],
      [5_000_000_000_000_000n, 4_999_999_999_999_999n],
    ],
  ];
  test.each(cases)('%s', (_guarantee, whole, weights, parts) => {
    expect(splitByLargestRemainder(whole, weights)).toEqual(parts);
  });

  const refused: [guarantee: string, whole: bigint, weights: bigint[]][] = [
    ['a whole above zero without weights', 1n, []],
    ['a whole above zero with weights of zero only', 1n, [0n, 0n]],
    ['a whole below zero', -1n, [1n]],
    ['a weight below zero', 1n, [2n, -1n]],
  ];
  test.each(refused)('refuses %s', (_guarantee, whole, weights) => {
    expect(() => splitByLargestRemainder(whole, weights)).toThrow(RangeError);
  });

  const splits = fc.record({
    whole: anyAmount,
    weights: fc
      .array(anyAmount, { minLength: 1, maxLength: 20 })
      .filter((weights) => weights.some((weight) => weight > 0n)),
  });

  test('the parts sum to the whole, and each differs from its exact share by less than a unit', () => {
    fc.assert(
      fc.property(splits, ({ whole, weights }) => {
        const parts = splitByLargestRemainder(whole, weights);
        const total = sum(weights);
        expect(sum(parts)).toBe(whole);
        parts.forEach((part, index) => {
          const gap = part * total - whole * (weights[index] ?? 0n);
          expect(gap < total && -gap < total).toBe(true);
        });
      }),
    );
  });

  test('no part that is rounded up has a smaller remainder than one that is rounded down', () => {
    fc.assert(
      fc.property(splits, ({ whole, weights }) => {
        const total = sum(weights);
        const remainders = weights.map((weight) => (whole * weight) % total);
        const isUp = splitByLargestRemainder(whole, weights).map(
          (part, index) => part * total > whole * (weights[index] ?? 0n),
        );
        const up = remainders.filter((_remainder, index) => isUp[index]);
        const down = remainders.filter((_remainder, index) => !isUp[index]);
        expect(up.every((one) => down.every((other) => one >= other))).toBe(true);
      }),
    );
  });

  test('no part exceeds its weight unless the whole exceeds the sum of the weights', () => {
    fc.assert(
      fc.property(splits, ({ whole, weights }) => {
        const limited = whole < sum(weights) ? whole : sum(weights);
        const parts = splitByLargestRemainder(limited, weights);
        expect(parts.every((part, index) => part <= (weights[index] ?? 0n))).toBe(true);
      }),
    );
  });
});

function sum(parts: readonly bigint[]): bigint {
  return parts.reduce((total, part) => total + part, 0n);
}
