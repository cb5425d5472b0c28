import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT } from '../src/amount.ts';
import {
  type Vector,
  amountOf,
  amountsOfVector,
  equalVectors,
  sumVector,
  valuesOfVector,
  vectorOfAmounts,
  vectorOfValues,
} from '../src/source.ts';

const amounts = fc.bigInt({ min: 0n, max: MAX_AMOUNT });
const vectors: fc.Arbitrary<Vector> = fc.record({ user: amounts, service: amounts }, { requiredKeys: [] });

test('a source that is absent is zero', () => {
  expect(amountOf({ user: 5n }, 'service')).toBe(0n);
  expect(sumVector({})).toBe(0n);
  expect(sumVector({ user: MAX_AMOUNT, service: 1n })).toBe(MAX_AMOUNT + 1n);
});

describe('equalVectors', () => {
  const cases: [guarantee: string, left: Vector, right: Vector, equal: boolean][] = [
    ['nothing equals nothing', {}, {}, true],
    ['an absent source equals zero', { user: 5n }, { user: 5n, service: 0n }, true],
    ['the order of the sources does not matter', { service: 1n, user: 2n }, { user: 2n, service: 1n }, true],
    ['one ten-thousandth makes a difference', { user: 5n }, { user: 6n }, false],
    ['an equal sum is not an equal vector', { user: 5n, service: 3n }, { user: 3n, service: 5n }, false],
  ];
  test.each(cases)('%s', (_guarantee, left, right, equal) => {
    expect(equalVectors(left, right)).toBe(equal);
    expect(equalVectors(right, left)).toBe(equal);
  });
});

describe('the wire', () => {
  test('carries one entry for each source that is named, zeros too, always in the same order', () => {
    const vector: Vector = { service: 0n, user: 1_000_000n };
    expect(valuesOfVector(vector)).toEqual([
      { source: 'user', value: '100.0000' },
      { source: 'service', value: '0.0000' },
    ]);
    expect(amountsOfVector(vector)).toEqual([
      { source: 'user', amount: '100.0000' },
      { source: 'service', amount: '0.0000' },
    ]);
    expect(valuesOfVector({})).toEqual([]);
  });

  test('loses nothing of a vector on its way there and back', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        expect(vectorOfValues(valuesOfVector(vector))).toEqual(vector);
        expect(vectorOfAmounts(amountsOfVector(vector))).toEqual(vector);
      }),
    );
  });

  test('refuses an amount that is none', () => {
    expect(() => vectorOfValues([{ source: 'user', value: '1e3' }])).toThrow(RangeError);
    expect(() => vectorOfAmounts([{ source: 'user', amount: '-1' }])).toThrow(RangeError);
  });
});
