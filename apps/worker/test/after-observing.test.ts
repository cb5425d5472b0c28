import type { NewOperation } from '@cashback/cashback-db';
import { HttpCallError } from '@cashback/service';
import { expect, test } from 'vitest';
import { type Learned, afterObserving } from '../src/reconcile/decide-follow-up.ts';
import type { Observation } from '../src/reconcile/observe-invoice.ts';

const operation: NewOperation = {
  order_id: 'order-1',
  operation_id: 'operation-1',
  revision: 1,
  cashback_epoch: 1,
  version: 0,
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  reward: [],
  attempt: 0,
};
const learned: Learned = {
  ended: { outcome: 'applied', reason: null },
  version: 1,
  attention: null,
  attention_wait_ms: 0,
};

function observed(...operationIds: string[]): Observation {
  const operations = operationIds.map((operation_id) => ({
    operation_id,
    status: 'success' as const,
    reward: {},
  }));
  return {
    outcome: 'observed',
    cashback: { epoch: 1, version: 3, status: 'success', rewarded: {}, operations },
  };
}
const failed = new HttpCallError('no answer', {
  upstream: 'transactions',
  method: 'POST',
  url: '/v2/invoice/retrieve',
  outcome: 'unknown',
  code: 'TIMEOUT',
});

test.each<[name: string, observation: Observation, action: 'noop' | 'record']>([
  ['an invoice that lists the operation is left to the next poll', observed('operation-1'), 'noop'],
  ['an invoice that lists only others lets the answer count', observed('operation-2'), 'record'],
  [
    'an unreachable invoice may list the operation',
    { outcome: 'unreachable', error: failed, sent: true },
    'noop',
  ],
  [
    'an unusable invoice may list the operation',
    { outcome: 'unusable', code: 'observation_unreadable', reason: 'not JSON', details: {} },
    'noop',
  ],
])('%s', (_, observation, action) => {
  expect(afterObserving({ operation }, learned, observation).action).toBe(action);
});
