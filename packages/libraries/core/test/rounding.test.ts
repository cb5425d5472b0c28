import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ROUNDINGS, type Rounding, roundToStep } from '../src/rounding.ts';
import { anyAmount } from './arbitraries.ts';

describe('roundToStep', () => {
  const cases: [value: bigint, step: bigint, down: bigint, halfUp: bigint, halfEven: bigint][] = [
    [0n, 100n, 0n, 0n, 0n],
    [1n, 100n, 0n, 0n, 0n],
    [49n, 100n, 0n, 0n, 0n],
    [50n, 100n, 0n, 100n, 0n],
    [51n, 100n, 0n, 100n, 100n],
    [99n, 100n, 0n, 100n, 100n],
    [100n, 100n, 100n, 100n, 100n],
    [149n, 100n, 100n, 100n, 100n],
    [150n, 100n, 100n, 200n, 200n],
    [250n, 100n, 200n, 300n, 200n],
    [7n, 1n, 7n, 7n, 7n],
    [2n, 5n, 0n, 0n, 0n],
    [3n, 5n, 0n, 5n, 5n],
  ];
  test.each(cases)(
    'takes %s in steps of %s down to %s, half up to %s, half even to %s',
    (value, step, ...results) => {
      expect(ROUNDINGS.map((rounding) => roundToStep(value, step, rounding))).toEqual(results);
    },
  );

  // Each rule on exact rationals: the allowed distance of the result from the value, in halves of a step.
  const holds: Record<Rounding, (result: bigint, value: bigint, step: bigint) => boolean> = {
    down: (result, value, step) => result <= value && value < result + step,
    half_up: (result, value, step) => 2n * (value - result) < step && 2n * (result - value) <= step,
    half_even: (result, value, step) => {
      const twiceTheGap = 2n * (value > result ? value - result : result - value);
      return twiceTheGap < step || (twiceTheGap === step && (result / step) % 2n === 0n);
    },
  };

  test.each(ROUNDINGS)('gives the only multiple of the step that %s allows, for every amount', (rounding) => {
    fc.assert(
      fc.property(anyAmount, anyAmount, fc.constantFrom(1n, 2n, 25n, 100n, 10_000n), (amount, rate, step) => {
        const value = amount * rate;
        const result = roundToStep(value, step, rounding);
        expect(result % step).toBe(0n);
        const allowed = [result - step, result, result + step].filter((each) =>
          holds[rounding](each, value, step),
        );
        expect(allowed).toEqual([result]);
      }),
    );
  });

  test.each(ROUNDINGS)('%s is monotonic', (rounding) => {
    fc.assert(
      fc.property(anyAmount, anyAmount, fc.constantFrom(1n, 25n, 100n), (value, more, step) => {
        expect(roundToStep(value, step, rounding) <= roundToStep(value + more, step, rounding)).toBe(true);
      }),
    );
  });
});
