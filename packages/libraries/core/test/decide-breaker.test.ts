import fc from 'fast-check';
import { SOURCES, amountOf } from '@cashback/contract';
import { expect, test } from 'vitest';
import { decideBreaker, riseOf, sendableOf } from '../src/index.ts';

const amounts = fc.record({ user: fc.bigInt(0n, 100n), service: fc.bigInt(0n, 100n) }, { requiredKeys: [] });
const changes = fc.array(fc.record({ before: amounts, target: amounts }), { maxLength: 20 });

test.each([
  ['rises within the bound', 90n, { user: 0n }, { user: 10n }, 'passes'],
  ['rises beyond the bound', 90n, { user: 0n }, { user: 11n }, 'held'],
  ['does not rise, and the window is beyond the bound', 200n, { user: 5n }, { user: 5n }, 'passes'],
  ['lowers, and the window is beyond the bound', 200n, { user: 5n }, { user: 1n }, 'passes'],
  ['lowers one source by more than another rises', 100n, { user: 50n }, { user: 0n, service: 1n }, 'held'],
  ['drops a source', 100n, { user: 50n, service: 1n }, { user: 50n }, 'passes'],
] as const)('a change that %s', (_, growth, before, target, outcome) => {
  const { decisions } = decideBreaker({ growth, max_growth: 100n }, [{ before, target }]);
  expect(decisions.map((decision) => decision.outcome)).toEqual([outcome]);
});

test('a passed change never takes a window beyond its bound, and only passed changes count', () => {
  fc.assert(
    fc.property(changes, fc.bigInt(0n, 300n), fc.bigInt(0n, 300n), (list, growth, max_growth) => {
      const decided = decideBreaker({ growth, max_growth }, list);
      const passed = list.filter((_, index) => decided.decisions[index]?.outcome === 'passes');
      expect(decided.growth).toBe(passed.reduce((sum, change) => sum + riseOf(change), growth));
      if (growth <= max_growth) expect(decided.growth).toBeLessThanOrEqual(max_growth);
    }),
  );
});

test('the allowed amounts of a held change never rise, and are lowered as far as its target', () => {
  fc.assert(
    fc.property(amounts, amounts, (before, target) => {
      const [decision] = decideBreaker({ growth: 0n, max_growth: -1n }, [{ before, target }]).decisions;
      const allowed = decision?.outcome === 'held' ? decision.allowed : target;
      for (const source of SOURCES) {
        const [was, due] = [amountOf(before, source), amountOf(target, source)];
        expect(amountOf(allowed, source)).toBe(was < due ? was : due);
      }
      expect(riseOf({ before, target: allowed })).toBe(0n);
    }),
  );
});

test('without a hold all of the target may be sent', () => {
  expect(sendableOf({ user: 7n }, null)).toEqual({ user: 7n });
  expect(sendableOf({ user: 7n, service: 3n }, { user: 5n })).toEqual({ user: 5n, service: 0n });
});
