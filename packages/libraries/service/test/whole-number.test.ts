import { expect, test } from 'vitest';
import { parseWholeNumber, wholeNumber } from '../src/settings/whole-number.ts';

test.each([
  ['0', 0],
  ['100', 100],
  ['007', 7],
  ['-5', -5],
])('%j is read as %d', (text, value) => {
  expect(parseWholeNumber(text, -5, 100)).toBe(value);
});

test.each(['', ' 1', '1 ', '1.0', '1e2', '0x1', '+1', '--1', '101', '-6', '99999999999999999', '一', 'NaN'])(
  '%j is refused',
  (text) => expect(parseWholeNumber(text, -5, 100)).toBeNull(),
);

test('a number that JavaScript cannot hold exactly is refused', () => {
  expect(parseWholeNumber('9007199254740991', 0, Infinity)).toBe(Number.MAX_SAFE_INTEGER);
  expect(parseWholeNumber('9007199254740993', 0, Infinity)).toBeNull();
});

test('an option with a wrong value says which values it takes', () => {
  expect(wholeNumber(1, 9)('9')).toBe(9);
  expect(() => wholeNumber(1, 9)('10')).toThrow('Expected a whole number from 1 to 9.');
});
