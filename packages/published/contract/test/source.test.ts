import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT } from '../src/amount.ts';
import {
  type AmountsBySource,
  amountOf,
  formatAmounts,
  equalAmounts,
  isSource,
  sourcesOf,
  totalOf,
  formatValues,
  parseAmounts,
  parseValues,
} from '../src/source.ts';

const amounts = fc.bigInt({ min: 0n, max: MAX_AMOUNT });
const anyAmounts: fc.Arbitrary<AmountsBySource> = fc.record(
  { user: amounts, service: amounts },
  { requiredKeys: [] },
);

test('an absent source is zero', () => {
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
    [
      'equal sums of different sources are not equal',
      { user: 5n, service: 3n },
      { user: 3n, service: 5n },
      false,
    ],
  ];
  test.each(cases)('%s', (_guarantee, left, right, equal) => {
    expect(equalAmounts(left, right)).toBe(equal);
    expect(equalAmounts(right, left)).toBe(equal);
  });
});

describe('a source that only a newer release knows', () => {
  const newer = { user: 5n, bank: 3n } as AmountsBySource;

  test('is compared, summed and written like the others', () => {
    expect(equalAmounts(newer, { user: 5n })).toBe(false);
    expect(equalAmounts({ user: 5n }, newer)).toBe(false);
    expect(totalOf(newer)).toBe(8n);
    expect(formatValues(newer)).toEqual([
      { source: 'user', value: '0.0005' },
      { source: 'bank', value: '0.0003' },
    ]);
  });

  test('comes after the known ones, and is no known one', () => {
    expect(sourcesOf(newer, { service: 1n })).toEqual(['user', 'service', 'bank']);
    expect(sourcesOf(newer).map(isSource)).toEqual([true, false]);
  });
});

describe('the wire', () => {
  test('has one entry for each source that is present, zeros too, in a fixed order', () => {
    const target: AmountsBySource = { service: 0n, user: 1_000_000n };
    expect(formatValues(target)).toEqual([
      { source: 'user', value: '100.0000' },
      { source: 'service', value: '0.0000' },
    ]);
    expect(formatAmounts(target)).toEqual([
      { source: 'user', amount: '100.0000' },
      { source: 'service', amount: '0.0000' },
    ]);
    expect(formatValues({})).toEqual([]);
  });

  test('carries amounts by source there and back without loss', () => {
    fc.assert(
      fc.property(anyAmounts, (given) => {
        expect(parseValues(formatValues(given))).toEqual(given);
        expect(parseAmounts(formatAmounts(given))).toEqual(given);
      }),
    );
  });

  test('refuses a malformed amount', () => {
    expect(() => parseValues([{ source: 'user', value: '1e3' }])).toThrow(RangeError);
    expect(() => parseAmounts([{ source: 'user', amount: '-1' }])).toThrow(RangeError);
  });
});
