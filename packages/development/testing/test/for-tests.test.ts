import { afterAll, beforeAll, expect, test } from 'vitest';
import { forTests } from '../src/index.ts';

const ended: string[] = [];
const { counter } = forTests(async () => ({
  counter: { count: 0 },
  tearDown: async () => ended.push('counter'),
}));
const readEarly = (): number => counter.count;
expect(readEarly).toThrow('"counter" is read before the tests begin');

beforeAll(() => {
  counter.count += 1;
});
// Hooks after the tests run in the opposite order.
afterAll(() => {
  expect(ended).toEqual([]);
});

test('a shared part is named at once, and read and written from the first hook on', () => {
  expect(counter.count).toBe(1);
  counter.count += 1;
  expect(readEarly()).toBe(2);
});
