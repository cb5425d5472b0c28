import { assert, double, nat, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../src/index.ts';

describe('backoffMs', () => {
  const bounds = { base_ms: 100, max_ms: 5_000 };

  test.each([
    [1, 0, 50],
    [1, 1, 100],
    [2, 1, 200],
    [3, 0.5, 300],
    [7, 1, 5_000],
    [7, 0, 2_500],
    [1_000_000, 1, 5_000],
    [0, 1, 100],
  ])('after %d failures with chance %d is %d ms', (attempts, chance, expected) => {
    expect(backoffMs(attempts, { ...bounds, random: () => chance })).toBe(expected);
  });

  test('is always between half the base and the maximum, and never shrinks with more failures', () => {
    assert(
      property(nat(), double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempts, chance) => {
        const random = (): number => chance;
        const ms = backoffMs(attempts, { ...bounds, random });
        expect(ms).toBeGreaterThanOrEqual(bounds.base_ms / 2);
        expect(ms).toBeLessThanOrEqual(bounds.max_ms);
        expect(backoffMs(attempts + 1, { ...bounds, random })).toBeGreaterThanOrEqual(ms);
      }),
    );
  });
});
