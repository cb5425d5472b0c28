import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareVersions } from '../src/index.ts';

const moment = fc.record({ epoch: fc.integer({ min: 1, max: 3 }), version: fc.integer({ min: 0, max: 3 }) });

type Moment = typeof moment extends fc.Arbitrary<infer Value> ? Value : never;

it('any version of an epoch is newer than all of an earlier one', () => {
  expect(compareVersions({ epoch: 2, version: 1 }, { epoch: 1, version: 9 })).toBeGreaterThan(0);
  expect(compareVersions({ epoch: 2, version: 1 }, { epoch: 2, version: 1 })).toBe(0);
});

it('versions have one order, whichever two are compared', () => {
  const sign = (left: Moment, right: Moment) => Math.sign(compareVersions(left, right));
  fc.assert(
    fc.property(moment, moment, moment, (a, b, c) => {
      expect(sign(a, b) + sign(b, a)).toBe(0);
      if (sign(a, b) <= 0 && sign(b, c) <= 0) expect(sign(a, c)).toBeLessThanOrEqual(0);
    }),
  );
});
