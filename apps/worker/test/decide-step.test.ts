import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import type { ChargeLimits } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import { expect, test } from 'vitest';
import { decideStep, isAtRest } from '../src/decide-step.ts';
import type { Observation } from '../src/observe-invoice.ts';

const limits: ChargeLimits = {
  poll_base_ms: 1_000,
  poll_max_ms: 30_000,
  failure_base_ms: 5_000,
  failure_max_ms: 60_000,
  max_failures: 3,
  attention_after_ms: 86_400_000,
};
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
  version: 0,
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  reward: [{ source: 'user', amount: '10.0000' }],
};

function charge(changes: Partial<ChargeOrder> = {}, more: Partial<Charge> = {}, afterMs = 0): Charge {
  const ended = { failed: 0, failed_at: null, rejected: 0, version: null };
  const operation = changes.operation_id === undefined ? null : flying;
  return { order: order(changes, afterMs), target: { user: 100_000n }, operation, ended, ...more };
}

function observed(rewarded: bigint, status: 'success' | 'in-progress' | 'failed' = 'success'): Observation {
  return {
    outcome: 'observed',
    cashback: { version: 7, status, rewarded: { user: rewarded }, operations: [] },
  };
}

function unreachable(retry_after_ms?: number): Observation {
  const error = new HttpCallError('no answer', {
    outcome: 'unknown',
    upstream: 'transactions',
    method: 'POST',
    url: 'http://127.0.0.1',
    code: 'TIMEOUT',
    ...(retry_after_ms !== undefined && { retry_after_ms }),
  });
  return { outcome: 'unreachable', error };
}

test.each<[string, Partial<ChargeOrder>, boolean]>([
  ['settled', { settled_revision: 2 }, true],
  ['not settled', {}, false],
  ['in need of attention', { attention: 'look' }, true],
  ['in need of attention with an operation open', { attention: 'look', operation_id: 'operation-1' }, false],
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
    expect(decideStep(order(seen), observation, charge(now), limits)).toEqual({ action: 'look_again' });
  }
});

test('a new target alone does not make an open operation be overlooked', () => {
  const seen = order({ revision: 1, operation_id: 'operation-1' });
  const step = decideStep(seen, observed(0n, 'in-progress'), charge({ operation_id: 'operation-1' }), limits);
  expect(step).toMatchObject({ action: 'send', repeated: true, operation: flying });
});

test('an order that was settled meanwhile is left alone, whatever was observed', () => {
  const step = decideStep(order(), observed(0n), charge({ settled_revision: 2 }), limits);
  expect(step).toEqual({ action: 'rest' });
});

test('a new operation carries the target, the payee and the version that the invoice says', () => {
  const step = decideStep(order(), observed(0n), charge(), limits);
  expect(step).toMatchObject({
    action: 'send',
    repeated: false,
    operation: { ...flying, operation_id: expect.not.stringMatching('operation-1'), version: 7 },
  });
});

test('who needs attention begins nothing and is not looked at again', () => {
  const attention = { attention: 'look', operation_id: 'operation-1' };
  const ended: Observation = {
    outcome: 'observed',
    cashback: {
      version: 8,
      status: 'failed',
      rewarded: {},
      operations: [{ operation_id: 'operation-1', status: 'failed', reward: { user: 100_000n } }],
    },
  };
  expect(decideStep(order(attention), unreachable(), charge(attention), limits)).toEqual({
    action: 'need_attention',
    ending: null,
    reason: 'look',
  });
  expect(decideStep(order(attention), ended, charge(attention), limits)).toMatchObject({
    action: 'need_attention',
    ending: { finished: { operation_id: 'operation-1', outcome: 'failed' } },
    reason: 'look',
  });
});

test.each([
  ['at first', 0, undefined, 500, 1_000],
  ['after 8 s', 8_000, undefined, 4_000, 8_000],
  ['after an hour', 3_600_000, undefined, 15_000, 30_000],
  ['when asked to stay away', 0, 12_000, 12_000, 12_000],
])(
  'an order that could not be asked about %s waits within limits',
  (_, afterMs, retryAfterMs, least, most) => {
    for (let draw = 0; draw < 50; draw++) {
      const step = decideStep(order(), unreachable(retryAfterMs), charge({}, {}, afterMs), limits);
      if (step.action !== 'poll') throw new Error(step.action);
      expect(step.wait_ms).toBeGreaterThanOrEqual(least);
      expect(step.wait_ms).toBeLessThanOrEqual(most);
    }
  },
);

test('a wait after a failure is never cut short', () => {
  const ended = { failed: 2, failed_at: registeredAt, rejected: 0, version: null };
  const step = decideStep(order(), observed(0n), charge({}, { ended }, 3_000), limits);
  expect(step).toEqual({ action: 'poll', ending: null, wait_ms: 7_000 });
});
