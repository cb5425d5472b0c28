import type { InvariantNumber, Violation } from '@cashback/invariants';
import { expect, test } from 'vitest';
import { type Drained, checkAtRest } from '../src/drain.ts';

const UNSETTLED = [{ order_id: 'order-9', detail: 'not settled' }];
const of = (invariant: InvariantNumber, order_id = 'order-1'): Violation => ({
  invariant,
  order_id,
  detail: 'why',
});

/** Each check finds the next of these; the last again and again. Each drain leaves the next of those. */
async function check(found: Violation[][], left: Drained['unsettled'][] = [[]]) {
  let [checks, drains] = [0, 0];
  const next = <Value>(values: readonly Value[], index: number): Value =>
    values[Math.min(index, values.length - 1)] as Value;
  const { unsettled, checked } = await checkAtRest(
    async () => ({ unsettled: next(left, drains++) }),
    async () => ({ violations: next(found, checks++) }),
  );
  return { unsettled, violations: checked.violations, checks };
}

test('one check is enough when it finds nothing', async () => {
  expect(await check([[]])).toEqual({ unsettled: [], violations: [], checks: 1 });
});

test('a violation that the next check does not find was one of work under way', async () => {
  expect(await check([[of(12)], []])).toMatchObject({ violations: [], checks: 2 });
});

test('a violation that is found twice at rest is reported', async () => {
  expect(await check([[of(12)]])).toMatchObject({ violations: [of(12)], checks: 2 });
});

test('a violation at another order is checked once more', async () => {
  const found = [[of(1, 'order-1')], [of(1, 'order-2')], [of(1, 'order-2')]];
  expect(await check(found)).toMatchObject({ violations: [of(1, 'order-2')], checks: 3 });
});

test('while something is under way only those invariants are violated that hold in every state', async () => {
  const found = [[of(0), of(1), of(4), of(9), of(10), of(12), of(17)]];
  expect(await check(found, [UNSETTLED])).toEqual({
    unsettled: UNSETTLED,
    violations: [of(4), of(17)],
    checks: 1,
  });
  expect(await check(found, [[], [], UNSETTLED])).toMatchObject({
    unsettled: UNSETTLED,
    violations: [of(4), of(17)],
  });
});
