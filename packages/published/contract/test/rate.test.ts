import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RATE_ONE, formatRate, parseRate } from '../src/rate.ts';

describe('parseRate', () => {
  test.each([
    ['0', 0n],
    ['0.000001', 1n],
    ['0.05', 50_000n],
    ['0.050000', 50_000n],
    ['0.999999', 999_999n],
    ['1', RATE_ONE],
    ['1.000000', RATE_ONE],
  ])('reads %j exactly', (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });

  test.each([
    ['nothing', ''],
    ['more than one', '1.000001'],
    ['a whole above one', '2'],
    ['a minus', '-0.1'],
    ['a plus', '+0.1'],
    ['a seventh decimal', '0.0000001'],
    ['a leading zero', '00.1'],
    ['a point without decimals', '0.'],
    ['decimals without a whole', '.5'],
    ['a percentage', '5%'],
    ['an exponent', '1e-2'],
    ['NaN', 'NaN'],
    ['a line break after', '0.1\n'],
  ])('refuses %s and quotes it', (_what, text) => {
    expect(() => parseRate(text)).toThrow(RangeError);
    expect(() => parseRate(text)).toThrow(JSON.stringify(text));
  });
});

describe('formatRate', () => {
  test.each([
    [0n, '0'],
    [1n, '0.000001'],
    [50_000n, '0.05'],
    [100_000n, '0.1'],
    [999_999n, '0.999999'],
    [RATE_ONE, '1'],
  ])('writes %s as %s: the shortest text', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  test('writes what parseRate reads back as the same rate', () => {
    const rates = fc.bigInt({ min: 0n, max: RATE_ONE });
    fc.assert(
      fc.property(rates, (rate) => {
        expect(parseRate(formatRate(rate))).toBe(rate);
      }),
    );
  });
});
