import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT } from '../src/amount.ts';
import {
  type AmountsBySource,
  amountOf,
  formatAmounts,
  equalAmounts,
  totalOf,
  formatValues,
  parseAmounts,
  parseValues,
} from '../src/source.ts';

const amounts = fc.bigInt({ min: 0n, max: MAX_AMOUNT });
const vectors: fc.Arbitrary<AmountsBySource> = fc.record(
  { user: amounts, service: amounts },
  { requiredKeys: [] },
);

test('a source that is absent is zero', () => {
  expect(amountOf({ user: 5n }, 'service')).toBe(0n);
  expect(totalOf({})).toBe(0n);
  expect(totalOf({ user: MAX_AMOUNT, service: 1n })).toBe(MAX_AMOUNT + 1n);
});

describe('equalAmounts', () => {
  const cases: [guarantee: string, left: AmountsBySource, right: AmountsBySource, equal: boolean][] = [
    ['nothing equals nothing', {}, {}, true],
    ['an absent source equals zero', { user: 5n }, { user: 5n, service: 0n }, true],
    ['the order of the sources does not matter', { service: 1n, user: 2n }, { user: 2n, service: 1n }, true],
    ['one ten-thousandth makes a difference', { user: 5n }, { user: 6n }, false],
    ['an equal sum is not an equal vector', { user: 5n, service: 3n }, { user: 3n, service: 5n }, false],
  ];
  test.each(cases)('%s', (_guarantee, left, right, equal) => {
    expect(equalAmounts(left, right)).toBe(equal);
    expect(equalAmounts(right, left)).toBe(equal);
  });
});

describe('the wire', () => {
  test('carries one entry for each source that is named, zeros too, always in the same order', () => {
    const vector: AmountsBySource = { service: 0n, user: 1_000_000n };
    expect(formatValues(vector)).toEqual([
      { source: 'user', value: '100.0000' },
      { source: 'service', value: '0.0000' },
    ]);
    expect(formatAmounts(vector)).toEqual([
      { source: 'user', amount: '100.0000' },
      { source: 'service', amount: '0.0000' },
    ]);
    expect(formatValues({})).toEqual([]);
  });

  test('loses nothing of a vector on its way there and back', () => {
    fc.assert(
      fc.property(vectors, (vector) => {
        expect(parseValues(formatValues(vector))).toEqual(vector);
        expect(parseAmounts(formatAmounts(vector))).toEqual(vector);
      }),
    );
  });

  test('refuses an amount that is none', () => {
    expect(() => parseValues([{ source: 'user', value: '1e3' }])).toThrow(RangeError);
    expect(() => parseAmounts([{ source: 'user', amount: '-1' }])).toThrow(RangeError);
  });
});
