import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT, formatAmount, parseAmount, parseBalance, sumAmounts } from '../src/amount.ts';

const amounts = fc.bigInt({ min: 0n, max: MAX_AMOUNT });

describe('parseAmount', () => {
  test.each([
    ['0', 0n],
    ['0.0001', 1n],
    ['0.1', 1_000n],
    ['100', 1_000_000n],
    ['100.0000', 1_000_000n],
    ['100.5', 1_005_000n],
    ['900719925474.0993', 9_007_199_254_740_993n],
    ['999999999999.9999', MAX_AMOUNT],
  ])('reads %j exactly', (text, amount) => {
    expect(parseAmount(text)).toBe(amount);
  });

  test.each([
    ['nothing', ''],
    ['a minus', '-1'],
    ['minus zero', '-0'],
    ['a plus', '+1'],
    ['a fifth decimal', '1.00000'],
    ['a thirteenth digit', '1000000000000'],
    ['a leading zero', '01'],
    ['a point without decimals', '1.'],
    ['decimals without a whole', '.5'],
    ['a decimal comma', '1,5'],
    ['two points', '1.2.3'],
    ['an exponent', '1e3'],
    ['a hexadecimal number', '0x10'],
    ['NaN', 'NaN'],
    ['Infinity', 'Infinity'],
    ['space before', ' 1'],
    ['space after', '1 '],
    ['a line break after', '1\n'],
    ['digits of another script', '١٢'],
  ])('refuses %s and quotes it', (_what, text) => {
    expect(() => parseAmount(text)).toThrow(RangeError);
    expect(() => parseAmount(text)).toThrow(JSON.stringify(text));
  });
});

describe('formatAmount', () => {
  test.each([
    [0n, '0.0000'],
    [1n, '0.0001'],
    [1_005_000n, '100.5000'],
    [MAX_AMOUNT, '999999999999.9999'],
    [-1n, '-0.0001'],
    [-35_000n, '-3.5000'],
  ])('writes %s as %s: four places, a minus only below zero', (amount, text) => {
    expect(formatAmount(amount)).toBe(text);
  });

  test('writes what parseAmount reads back as the same amount', () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        expect(parseAmount(formatAmount(amount))).toBe(amount);
      }),
    );
  });

  test('writes equal amounts as equal texts, however they were written', () => {
    const texts = fc
      .tuple(fc.bigInt({ min: 0n, max: 999_999_999_999n }), fc.stringMatching(/^\d{0,4}$/))
      .map(([whole, decimals]) => ({
        whole,
        decimals,
        text: decimals === '' ? `${whole}` : `${whole}.${decimals}`,
      }));
    fc.assert(
      fc.property(texts, ({ whole, decimals, text }) => {
        expect(formatAmount(parseAmount(text))).toBe(`${whole}.${decimals.padEnd(4, '0')}`);
      }),
    );
  });
});

describe('parseBalance', () => {
  test.each([
    ['-0.0001', -1n],
    ['-3.5', -35_000n],
    ['-0', 0n],
    ['3.5', 35_000n],
    ['999999999999999.9999', 9_999_999_999_999_999_999n],
    ['-999999999999999.9999', -9_999_999_999_999_999_999n],
  ])('reads %j exactly', (text, balance) => {
    expect(parseBalance(text)).toBe(balance);
  });

  test.each(['', '-', '--1', '+1', '- 1', '-01', '-1.00000', '1000000000000000', 'NaN', '-1\n'])(
    'refuses %j and quotes it',
    (text) => {
      expect(() => parseBalance(text)).toThrow(RangeError);
      expect(() => parseBalance(text)).toThrow(JSON.stringify(text));
    },
  );

  test('reads what formatAmount writes, below zero too', () => {
    const balances = fc.bigInt({ min: -9_999_999_999_999_999_999n, max: 9_999_999_999_999_999_999n });
    fc.assert(
      fc.property(balances, (balance) => {
        expect(parseBalance(formatAmount(balance))).toBe(balance);
      }),
    );
  });
});

describe('sumAmounts', () => {
  test('is zero for none', () => {
    expect(sumAmounts([])).toBe(0n);
  });

  test('is exact where floating point numbers are not', () => {
    expect(formatAmount(sumAmounts([parseAmount('0.1'), parseAmount('0.2')]))).toBe('0.3000');
    expect(sumAmounts([MAX_AMOUNT, 1n])).toBe(10_000_000_000_000_000n);
  });

  test('does not depend on the order, and is exact when amounts are subtracted again', () => {
    fc.assert(
      fc.property(fc.array(amounts, { maxLength: 100 }), (parts) => {
        const sum = sumAmounts(parts);
        expect(sumAmounts(parts.toReversed())).toBe(sum);
        expect(parts.reduce((left, part) => left - part, sum)).toBe(0n);
      }),
    );
  });
});
