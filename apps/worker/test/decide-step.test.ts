import type { Charge, ChargeOrder } from '@cashback/cashback-db';
import { describe, expect, test } from 'vitest';
import { type OrderStep, decideStep } from '../src/reconcile/decide-step.ts';
import type { Observation } from '../src/reconcile/observe-invoice.ts';
import { stepWrites } from '../src/reconcile/writes.ts';
import {
  limits,
  context,
  written,
  registeredAt,
  order,
  flying,
  charge,
  observed,
  missing,
  unreachable,
} from './support/step-builders.ts';

test.each<[string, Partial<ChargeOrder>, Partial<ChargeOrder>]>([
  ['was given another target', { revision: 1 }, {}],
  ['was given an operation', {}, { operation_id: 'operation-1' }],
  ['lost its operation', { operation_id: 'operation-0' }, {}],
  ['was given another operation', { operation_id: 'operation-0' }, { operation_id: 'operation-1' }],
])('an observation of an order that %s meanwhile decides nothing', (_, seen, now) => {
  for (const observation of [observed(100_000n), observed(0n), unreachable()]) {
    expect(decideStep(order(seen), observation, charge(now), context)).toEqual({ action: 'retry_now' });
  }
});

test('a new target does not hide an open operation', () => {
  const seen = order({ revision: 1, operation_id: 'operation-1' });
  const step = decideStep(
    seen,
    observed(0n, 'in-progress'),
    charge({ operation_id: 'operation-1' }),
    context,
  );
  expect(step).toMatchObject({ action: 'send', repeated: true, operation: flying });
});

describe('an order that was settled meanwhile', () => {
  const settled = charge({ settled_revision: 2, cashback_version: 7 });

  test('is unchanged by an observation that adds nothing', () => {
    for (const observation of [unreachable(), missing]) {
      expect(decideStep(order(), observation, settled, context)).toEqual({ action: 'noop' });
    }
    const older = charge({ settled_revision: 2, cashback_version: 8 });
    expect(decideStep(order(), observed(0n), older, context)).toEqual({ action: 'noop' });
  });

  test('is compared with an observation that is as new', () => {
    expect(decideStep(order(), observed(100_000n), settled, context)).toMatchObject({ action: 'settle' });
    expect(decideStep(order(), observed(0n), settled, context)).toMatchObject({
      action: 'send',
      reopened: true,
    });
  });
});

describe('a settled order', () => {
  const changes = { settled_revision: 2, cashback_version: 7 };
  const step = (observation: Observation, more: Partial<ChargeOrder> = {}, afterMs = 0) =>
    decideStep(
      order({ ...changes, ...more }),
      observation,
      charge({ ...changes, ...more }, {}, afterMs),
      context,
    );

  test('stays settled while its invoice carries its target', () => {
    expect(step(observed(100_000n))).toMatchObject({ action: 'settle', ending: null });
  });

  test('is reopened and goes on when its invoice carries something else, and earlier failures no longer count', () => {
    const attempts = { failed: 9, applied: 9, rejected: 9, last_at: registeredAt };
    const before = charge({ ...changes, waited_ms: 9 * limits.attention_after_ms }, { attempts });
    expect(decideStep(before.order, observed(0n), before, context)).toMatchObject({
      action: 'send',
      reopened: true,
      repeated: false,
      attention: null,
      waited_ms: 0,
    });
  });

  test.each<[string, Observation]>([
    ['is older than what was seen', { ...observed(0n), cashback: { ...observed(0n).cashback, version: 6 } }],
    ['has an operation in flight', observed(0n, 'in-progress')],
    ['does not answer', unreachable()],
    ['cannot be used', missing],
  ])('whose invoice %s stays settled, and is observed again', (_, observation) => {
    expect(step(observation)).toMatchObject({ action: 'poll', reopened: false });
  });

  test('is reopened in the new epoch when its invoice was restored and its versions are given again', () => {
    const restored = { ...observed(0n), cashback: { ...observed(0n).cashback, epoch: 2, version: 1 } };
    expect(step(restored)).toMatchObject({
      action: 'send',
      reopened: true,
      operation: { cashback_epoch: 2, version: 1 },
    });
  });
});

describe('an order that something else keeps changing', () => {
  const hours = (count: number) => new Date(registeredAt.getTime() + count * 3_600_000);
  const settled = { settled_revision: 2, cashback_version: 7 };
  const refused = { cashback_version: 7, heals: 4, healed_since: hours(0) };
  const at = (version: number, status?: 'in-progress'): Observation => {
    const { cashback } = observed(0n, status);
    return { outcome: 'observed', cashback: { ...cashback, version } };
  };
  const decide = (changes: Partial<ChargeOrder>, observation: Observation, afterHours: number): OrderStep =>
    decideStep(order(changes), observation, charge(changes, {}, afterHours * 3_600_000), context);

  const needed = { action: 'need_attention', attention: { code: 'foreign_writer' } };
  const since = (heals: number, count: number) => ({ heals: { heals, healed_since: hours(count) } });
  test.each<[string, Partial<ChargeOrder>, Observation, number, object]>([
    [
      'is healed the third time of a day',
      { ...settled, heals: 2, healed_since: hours(0) },
      at(7),
      23,
      { action: 'send', reopened: true, ...since(3, 0) },
    ],
    [
      'needs attention the fourth time of a day, and no longer counts as settled',
      { ...settled, heals: 3, healed_since: hours(0) },
      at(7),
      23,
      { ...needed, reopened: true, ...since(4, 23) },
    ],
    ['keeps it while nothing changes', refused, at(7), 23, { ...needed, reopened: false, ...since(4, 0) }],
    ['keeps it for longer with another foreign change', refused, at(9), 23, { ...needed, ...since(4, 23) }],
    [
      'keeps it while another operation is in flight',
      refused,
      at(8, 'in-progress'),
      23,
      { ...needed, ...since(4, 23) },
    ],
    ['keeps it with an answer from before what is known', refused, at(6), 23, { ...needed, ...since(4, 0) }],
    [
      'is healed again after a day without a foreign change',
      refused,
      at(7),
      24,
      { action: 'send', attention: null, ...since(1, 24) },
    ],
  ])('%s', (_, changes, observation, afterHours, expected) => {
    expect(decide(changes, observation, afterHours)).toMatchObject(expected);
  });

  test('settles when something else brings it to its target', () => {
    expect(decide(refused, observed(100_000n), 1)).toMatchObject({ action: 'settle' });
  });

  test('is written down with its invoice before and after, in the writes that reopen it', () => {
    const rewarded = [{ source: 'user' as const, amount: '10.0000' }];
    for (const [heals, healed, found_class] of [
      [0, true, 'rewarded_differs'],
      [3, false, 'foreign_writer'],
    ] as const) {
      const found = charge({ ...settled, rewarded, heals, healed_since: registeredAt });
      const step = decideStep(found.order, at(7), found, context);
      const { drifts, updates } = stepWrites(found, step, at(7), written);
      expect(drifts).toEqual([
        {
          order_id: 'order-1',
          class: found_class,
          before: { target: rewarded, rewarded },
          after: { target: rewarded, rewarded: [{ source: 'user', amount: '0.0000' }] },
          found_by: 'feed',
          healed,
        },
      ]);
      expect(updates).toMatchObject([{ reopened: true, heals: heals + 1 }]);
    }
    const unsettled = charge();
    const step = decideStep(order(), observed(0n), unsettled, context);
    expect(stepWrites(unsettled, step, observed(0n), written).drifts).toEqual([]);
  });
});

test('a new operation carries the target, the payee and the version that the invoice says', () => {
  const step = decideStep(order(), observed(0n), charge(), context);
  expect(step).toMatchObject({
    action: 'send',
    repeated: false,
    operation: { ...flying, operation_id: expect.not.stringMatching('operation-1'), version: 7 },
  });
});

describe('the number of a new operation', () => {
  const rejectedOnce = (version: number, attempt: number | null) => ({
    ...flying,
    version,
    attempt,
    outcome: 'rejected' as const,
    ended_at: registeredAt,
  });
  const numberOf = (ended: Charge['ended']): number | null => {
    const before = charge({}, { ended });
    const step = decideStep(before.order, observed(0n), before, context);
    if (step.action !== 'send') throw new Error(`expected an operation, got ${step.action}`);
    return step.operation.attempt;
  };

  test.each<[string, Charge['ended'], number]>([
    ['is 0 for the first one of a version', [rejectedOnce(6, 3)], 0],
    ['is one above the highest of the same version', [rejectedOnce(7, 40), rejectedOnce(7, 41)], 42],
    ['is above those that an older release made', [rejectedOnce(7, null)], 1],
  ])('%s', (_, ended, expected) => {
    expect(numberOf(ended)).toBe(expected);
  });

  test('counts the one that ends in the same step', () => {
    const open = { ...flying, version: 7, attempt: 2 };
    const { cashback } = observed(0n, 'failed');
    const operations = [
      { operation_id: open.operation_id, status: 'failed' as const, reward: { user: 100_000n } },
    ];
    const before = charge({ operation_id: open.operation_id, revision: 3 }, { operation: open });
    const step = decideStep(
      before.order,
      { outcome: 'observed', cashback: { ...cashback, operations } },
      before,
      context,
    );
    expect(step).toMatchObject({ action: 'send', repeated: false, operation: { version: 7, attempt: 3 } });
  });
});
