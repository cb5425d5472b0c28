import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import type { AttentionCode } from '@cashback/contract';
import type { ChargeLimits } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Step, type StepContext, decideStep } from '../src/reconcile/decide-step.ts';
import type { Observation } from '../src/reconcile/observe-invoice.ts';
import { stepWrites } from '../src/reconcile/writes.ts';

const limits: ChargeLimits = {
  poll_base_ms: 1_000,
  poll_max_ms: 30_000,
  in_flight_poll_ms: 8_000,
  failure_base_ms: 5_000,
  failure_max_ms: 60_000,
  max_failures: 3,
  attention_after_ms: 86_400_000,
  attention_poll_ms: 60_000,
  attention_poll_max_ms: 3_600_000,
};
const context: StepContext = {
  limits,
  random: Math.random,
};
const MINUTE_MS = 60_000;
const written = {
  audits: { audit_distances: [MINUTE_MS, 60 * MINUTE_MS], audit_end_ms: 1_440 * MINUTE_MS },
  found_by: 'feed' as const,
  random: () => 0,
};
const none = { failed: 0, applied: 0, rejected: 0, last_at: null };
const registeredAt = new Date('2026-01-02T03:04:05.000Z');

function order(changes: Partial<ChargeOrder> = {}, afterMs = 0): ChargeOrder {
  return {
    order_id: 'order-1',
    user_id: 'user-1',
    wallet_id: 'wallet-1',
    currency: 'EUR',
    revision: 2,
    settled_revision: 1,
    operation_id: null,
    rewarded: [],
    cashback_epoch: 1,
    cashback_version: 0,
    hold: null,
    attention: null,
    attention_code: null,
    attention_since: null,
    attention_details: null,
    waited_ms: 0,
    answered_at: null,
    heals: 0,
    healed_since: null,
    unsettled_since: registeredAt,
    audit_at: null,
    audit_step: 0,
    due_by: null,
    now: new Date(registeredAt.getTime() + afterMs),
    ...changes,
  };
}

const flying: NewOperation = {
  order_id: 'order-1',
  operation_id: 'operation-1',
  revision: 2,
  cashback_epoch: 1,
  version: 0,
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  reward: [{ source: 'user', amount: '10.0000' }],
};

function charge(changes: Partial<ChargeOrder> = {}, more: Partial<Charge> = {}, afterMs = 0): Charge {
  const operation = changes.operation_id === undefined ? null : flying;
  return {
    order: order(changes, afterMs),
    target: { user: 100_000n },
    problem: null,
    operation,
    attempts: none,
    ended: [],
    ...more,
  };
}

function observed(
  rewarded: bigint,
  status: 'success' | 'in-progress' | 'failed' = 'success',
): Extract<Observation, { outcome: 'observed' }> {
  return {
    outcome: 'observed',
    cashback: { epoch: null, version: 7, status, rewarded: { user: rewarded }, operations: [] },
  };
}

const missing: Observation = {
  outcome: 'unusable',
  code: 'observation_missing',
  reason: 'INVOICE_NOT_FOUND: there is none',
  details: {},
};

function unreachable(retry_after_ms?: number): Extract<Observation, { outcome: 'unreachable' }> {
  const error = new HttpCallError('no answer within 5000 ms', {
    outcome: 'unknown',
    upstream: 'transactions',
    method: 'POST',
    url: 'http://127.0.0.1',
    code: 'TIMEOUT',
    ...(retry_after_ms !== undefined && { retry_after_ms }),
  });
  return { outcome: 'unreachable', error, sent: true };
}

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

test('a new target alone does not make an open operation be overlooked', () => {
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

  test('is left alone by an observation that knows no more', () => {
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

  test('whose invoice carries its target stays settled', () => {
    expect(step(observed(100_000n))).toMatchObject({ action: 'settle', ending: null });
  });

  test('whose invoice carries something else is reopened and goes on, and what went wrong before counts no more', () => {
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

  test('whose invoice was restored, with versions given again, is reopened in the new epoch', () => {
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
  const decide = (changes: Partial<ChargeOrder>, observation: Observation, afterHours: number): Step =>
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
      'needs attention the fourth time of a day, and counts as settled no more',
      { ...settled, heals: 3, healed_since: hours(0) },
      at(7),
      23,
      { ...needed, reopened: true, ...since(4, 23) },
    ],
    ['keeps it while nothing changes', refused, at(7), 23, { ...needed, reopened: false, ...since(4, 0) }],
    ['keeps it for longer with another foreign change', refused, at(9), 23, { ...needed, ...since(4, 23) }],
    [
      'keeps it while another operation flies',
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

describe('an order that needs attention', () => {
  const minutes = (count: number) => new Date(registeredAt.getTime() + count * 60_000);
  const since = (code: AttentionCode): Partial<ChargeOrder> => ({
    attention: 'a reason',
    attention_code: code,
    attention_since: minutes(0),
    attention_details: { of: 'it' },
    waited_ms: limits.attention_after_ms + 1,
  });
  const kept = { code: 'operations_failed', reason: 'a reason', details: { of: 'it' } };
  const decide = (
    changes: Partial<ChargeOrder>,
    observation: Observation,
    more: Partial<Charge> = {},
    afterMs = 0,
  ): Step => decideStep(order(changes), observation, charge(changes, more, afterMs), context);

  test('is observed at distances that grow from the shortest to the longest', () => {
    for (const [after, least] of [
      [0, 60_000],
      [10 * 60_000, 10 * 60_000],
      [9 * 3_600_000, 3_600_000],
    ] as const) {
      const step = decide(since('observation_missing'), missing, {}, after);
      expect(step).toMatchObject({ action: 'need_attention' });
      const { wait_ms } = step as Extract<Step, { action: 'need_attention' }>;
      expect(wait_ms).toBeGreaterThanOrEqual(least);
      expect(wait_ms).toBeLessThanOrEqual(1.25 * least);
    }
  });

  test('keeps it while nothing answers, and waits as slowly', () => {
    const step = decide(since('operations_failed'), unreachable());
    expect(step).toMatchObject({ action: 'need_attention', attention: kept });
    expect((step as { wait_ms: number }).wait_ms).toBeGreaterThanOrEqual(60_000);
  });

  test.each<AttentionCode>([
    'observation_missing',
    'observation_stale',
    'status_contradicts',
    'moved_by_hand',
  ])('for %s needs none once an observation can be used, and goes on', (code) => {
    expect(decide(since(code), observed(100_000n))).toMatchObject({ action: 'settle' });
    expect(decide(since(code), observed(0n))).toMatchObject({
      action: 'send',
      attention: null,
      waited_ms: 0,
    });
  });

  test('for an operation that does not end needs none once that has ended, and goes on', () => {
    const changes = { ...since('operation_stuck'), operation_id: 'operation-1' };
    const flies = listedIn('in-progress');
    expect(decide(changes, flies)).toMatchObject({
      action: 'need_attention',
      attention: { code: 'operation_stuck' },
    });
    expect(decide(changes, listedIn('success'))).toMatchObject({
      action: 'settle',
      ending: { finished: { operation_id: 'operation-1', outcome: 'applied' } },
    });
  });

  test.each<AttentionCode>([
    'operations_failed',
    'wallet_forbids_negative',
    'payee_differs',
    'operation_refused',
  ])(
    'for %s is tried again as long after the last attempt as it needed it then, and needs it until it is settled',
    (code) => {
      const attempts = { ...none, failed: 1, last_at: minutes(4) };
      const standing = { ...since(code), waited_ms: 0 };
      const early = decide(standing, observed(0n), { attempts }, 7.9 * 60_000);
      expect(early).toMatchObject({ action: 'need_attention', attention: { ...kept, code } });
      const due = decide(standing, observed(0n), { attempts }, 8 * 60_000);
      expect(due).toMatchObject({ action: 'send', repeated: false, attention: { ...kept, code } });
      expect((due as { wait_ms: number }).wait_ms).toBeGreaterThanOrEqual(8 * 60_000);
      expect(decide(standing, observed(100_000n), { attempts })).toMatchObject({ action: 'settle' });
    },
  );

  test('given by an older release, without a code, is compared as any other', () => {
    const older = { attention: 'stuck' };
    expect(decide(older, observed(0n))).toMatchObject({ action: 'send', attention: null });
    expect(decide(older, observed(100_000n))).toMatchObject({ action: 'settle' });
  });
});

describe('time counts against an order only between two answers about it:', () => {
  const tooLong = limits.attention_after_ms + 1;

  test('one that gets no answer is polled for as long as it takes', () => {
    expect(decideStep(order(), unreachable(), charge({}, {}, 100 * tooLong), context)).toMatchObject({
      action: 'poll',
      answered_at: null,
    });
    const waited = { waited_ms: tooLong };
    expect(decideStep(order(waited), unreachable(), charge(waited), context)).toMatchObject({
      action: 'poll',
      waited_ms: tooLong,
    });
  });

  test('an answer after an outage adds nothing, the one after that adds the time between them', () => {
    const first = decideStep(order(), missing, charge({}, {}, 5_000), context);
    expect(first).toMatchObject({ action: 'poll', waited_ms: 0 });
    const answered_at = registeredAt;
    const second = decideStep(order(), missing, charge({ answered_at, waited_ms: 7 }, {}, 5_000), context);
    expect(second).toMatchObject({ action: 'poll', waited_ms: 5_007, answered_at: order({}, 5_000).now });
  });

  test('between two answers no more counts than two polls', () => {
    const step = decideStep(order(), missing, charge({ answered_at: registeredAt }, {}, tooLong), context);
    expect(step).toMatchObject({ waited_ms: 2 * limits.poll_max_ms });
  });

  test.each<[string, Observation]>([
    ['observation_missing', missing],
    ['observation_stale', { ...observed(0n), cashback: { ...observed(0n).cashback, version: 6 } }],
  ])('an answer that cannot be used is polled until it has counted for too long: %s', (code, observation) => {
    const waiting = { cashback_version: 7, waited_ms: tooLong - 1 };
    expect(decideStep(order(), observation, charge(waiting), context)).toMatchObject({ action: 'poll' });
    const overdue = { ...waiting, waited_ms: tooLong };
    expect(decideStep(order(), observation, charge(overdue), context)).toMatchObject({
      action: 'need_attention',
      attention: { code },
    });
  });
});

describe('the wait of any order', () => {
  const age = fc.integer({ min: -1_000, max: 3 * limits.poll_max_ms });
  const fullWait = (ageMs: number, shortest = limits.poll_base_ms) =>
    Math.min(limits.poll_max_ms, Math.max(shortest, ageMs));

  /** Many draws of one wait: all within the bounds, and spread over more than half of what lies between them. */
  function expectSpread(least: number, most: number, draw: () => Step): void {
    const waits = Array.from({ length: 200 }, () => {
      const step = draw();
      return 'wait_ms' in step ? step.wait_ms : Number.NaN;
    });
    const [shortest, longest] = [Math.min(...waits), Math.max(...waits)];
    expect(shortest).toBeGreaterThanOrEqual(Math.floor(least));
    expect(longest).toBeLessThanOrEqual(Math.ceil(most));
    expect(longest - shortest).toBeGreaterThan((most - least) / 2);
  }

  test('for an answer is between half and all of its time so far, within the limits', () => {
    const retryAfter = fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined });
    fc.assert(
      fc.property(age, retryAfter, (ageMs, asked) => {
        const full = fullWait(ageMs);
        const from = asked ?? 0;
        expectSpread(from + full / 2, from + full, () =>
          decideStep(order(), unreachable(asked), charge({}, {}, ageMs), context),
        );
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    [
      'for its own operation',
      limits.in_flight_poll_ms,
      { operation_id: 'operation-1' },
      [listed('in-progress')],
    ],
    ["for somebody else's operation", limits.poll_base_ms, {}, []],
    ['after an operation was sent', limits.in_flight_poll_ms, {}, undefined],
  ] as const)(
    '%s is between half and all of its time so far, within the limits',
    (_, shortest, changes, operations) => {
      const cashback = { epoch: null, version: 7, status: 'in-progress' as const, rewarded: {} };
      const observation: Observation =
        operations === undefined
          ? observed(0n)
          : { outcome: 'observed', cashback: { ...cashback, operations: [...operations] } };
      fc.assert(
        fc.property(age, (ageMs) => {
          const full = fullWait(ageMs, shortest);
          expectSpread(full / 2, full, () =>
            decideStep(order(changes), observation, charge(changes, {}, ageMs), context),
          );
        }),
        { numRuns: 30 },
      );
    },
  );

  test('after failed attempts is never cut short, and at most a quarter longer', () => {
    const attempt = fc.record({
      failed: fc.integer({ min: 1, max: limits.max_failures - 1 }),
      waited: fc.integer({ min: 0, max: limits.failure_base_ms - 1_000 }),
    });
    fc.assert(
      fc.property(attempt, ({ failed, waited }) => {
        const attempts = { ...none, failed, last_at: registeredAt };
        const rest = Math.min(limits.failure_max_ms, limits.failure_base_ms * 2 ** (failed - 1)) - waited;
        expectSpread(rest, rest * 1.25, () =>
          decideStep(order(), observed(0n), charge({}, { attempts }, waited), context),
        );
      }),
      { numRuns: 30 },
    );
  });
});

function listedIn(status: 'in-progress' | 'success'): Observation {
  const { cashback } = observed(100_000n, status);
  return { outcome: 'observed', cashback: { ...cashback, operations: [listed(status)] } };
}

function listed(status: 'in-progress' | 'success') {
  return { operation_id: 'operation-1', status, reward: { user: 100_000n } };
}
