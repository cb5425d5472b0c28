import type { Charge, ChargeOrder, NewOperation } from '@cashback/cashback-db';
import type { ChargeLimits } from '@cashback/core';
import { HttpCallError } from '@cashback/service';
import type { StepContext } from '../../src/reconcile/decide-step.ts';
import type { Observation } from '../../src/reconcile/observe-invoice.ts';

export const limits: ChargeLimits = {
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
export const context: StepContext = {
  limits,
  random: Math.random,
};
const MINUTE_MS = 60_000;
export const written = {
  audits: { audit_distances: [MINUTE_MS, 60 * MINUTE_MS], audit_end_ms: 1_440 * MINUTE_MS },
  found_by: 'feed' as const,
  seen_requests: 0,
  random: () => 0,
};
export const none = { failed: 0, applied: 0, rejected: 0, last_at: null };
export const registeredAt = new Date('2026-01-02T03:04:05.000Z');

export function order(changes: Partial<ChargeOrder> = {}, afterMs = 0): ChargeOrder {
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
    requests: 0,
    answered_requests: 0,
    now: new Date(registeredAt.getTime() + afterMs),
    ...changes,
  };
}

export const flying: NewOperation = {
  order_id: 'order-1',
  operation_id: 'operation-1',
  revision: 2,
  cashback_epoch: 1,
  version: 0,
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  reward: [{ source: 'user', amount: '10.0000' }],
  attempt: 0,
};

export function charge(changes: Partial<ChargeOrder> = {}, more: Partial<Charge> = {}, afterMs = 0): Charge {
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

export function observed(
  rewarded: bigint,
  status: 'success' | 'in-progress' | 'failed' = 'success',
): Extract<Observation, { outcome: 'observed' }> {
  return {
    outcome: 'observed',
    cashback: { epoch: null, version: 7, status, rewarded: { user: rewarded }, operations: [] },
  };
}

export const missing: Observation = {
  outcome: 'unusable',
  code: 'observation_missing',
  reason: 'INVOICE_NOT_FOUND: there is none',
  details: {},
};

export function unreachable(retry_after_ms?: number): Extract<Observation, { outcome: 'unreachable' }> {
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

export function listedIn(status: 'in-progress' | 'success'): Observation {
  const { cashback } = observed(100_000n, status);
  return { outcome: 'observed', cashback: { ...cashback, operations: [listed(status)] } };
}

export function listed(status: 'in-progress' | 'success') {
  return { operation_id: 'operation-1', status, reward: { user: 100_000n } };
}
