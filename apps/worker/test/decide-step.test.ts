import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import type { ChargeLimits } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Step, type StepContext, decideStep, isAtRest } from '../src/reconcile/decide-step.ts';
import type { Observation } from '../src/reconcile/observe-invoice.ts';

const limits: ChargeLimits = {
  poll_base_ms: 1_000,
  poll_max_ms: 30_000,
  in_flight_poll_ms: 8_000,
  failure_base_ms: 5_000,
  failure_max_ms: 60_000,
  max_failures: 3,
  attention_after_ms: 86_400_000,
};
const context: StepContext = {
  limits,
  downtime_ms: 0,
  random: Math.random,
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
    attention: null,
    unsettled_since: registeredAt,
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

function observed(rewarded: bigint, status: 'success' | 'in-progress' | 'failed' = 'success'): Observation {
  return {
    outcome: 'observed',
    cashback: { epoch: null, version: 7, status, rewarded: { user: rewarded }, operations: [] },
  };
}

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

test.each<[string, Partial<ChargeOrder>, boolean]>([
  ['settled', { settled_revision: 2 }, true],
  ['not settled', {}, false],
  ['in need of attention', { attention: 'stuck' }, true],
  ['in need of attention with an operation open', { attention: 'stuck', operation_id: 'operation-1' }, false],
])('an order that is %s: at rest %s', (_, changes, atRest) => {
  expect(isAtRest(order(changes))).toBe(atRest);
});

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

test('an order that was settled meanwhile is left alone, whatever was observed', () => {
  const step = decideStep(order(), observed(0n), charge({ settled_revision: 2 }), context);
  expect(step).toEqual({ action: 'noop' });
});

test('a new operation carries the target, the payee and the version that the invoice says', () => {
  const step = decideStep(order(), observed(0n), charge(), context);
  expect(step).toMatchObject({
    action: 'send',
    repeated: false,
    operation: { ...flying, operation_id: expect.not.stringMatching('operation-1'), version: 7 },
  });
});

test('an order that needs attention begins nothing and is not polled', () => {
  const attention = { attention: 'stuck', operation_id: 'operation-1' };
  const ended: Observation = {
    outcome: 'observed',
    cashback: {
      epoch: null,
      version: 8,
      status: 'failed',
      rewarded: {},
      operations: [{ operation_id: 'operation-1', status: 'failed', reward: { user: 100_000n } }],
    },
  };
  expect(decideStep(order(attention), unreachable(), charge(attention), context)).toEqual({
    action: 'need_attention',
    ending: null,
    reason: 'stuck',
  });
  expect(decideStep(order(attention), ended, charge(attention), context)).toMatchObject({
    action: 'need_attention',
    ending: { finished: { operation_id: 'operation-1', outcome: 'failed' } },
    reason: 'stuck',
  });
});

describe('an order that transactions says nothing about', () => {
  const tooOld = limits.attention_after_ms + 1;
  const waits = (observation: Observation, downtime_ms = 0) =>
    decideStep(order(), observation, charge({}, {}, tooOld), { ...context, downtime_ms });

  test('for too long needs attention, with what went wrong', () => {
    expect(waits(unreachable())).toEqual({
      action: 'need_attention',
      ending: null,
      reason:
        'not settled since 2026-01-02T03:04:05.000Z: transactions: POST http://127.0.0.1: no answer within 5000 ms',
    });
  });

  test('because it was not asked waits on, however old it is', () => {
    expect(waits({ ...unreachable(), sent: false })).toMatchObject({ action: 'poll' });
  });

  test('is not blamed for the downtime of transactions', () => {
    expect(waits(unreachable(), 1)).toMatchObject({ action: 'poll' });
    expect(waits(unreachable(), 0)).toMatchObject({ action: 'need_attention' });
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

function listed(status: 'in-progress' | 'success') {
  return { operation_id: 'operation-1', status, reward: { user: 100_000n } };
}
