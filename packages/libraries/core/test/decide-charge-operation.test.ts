import { describe, expect, test } from 'vitest';
import { WALLET_FORBIDS_NEGATIVE, decideCharge } from '../src/decide-charge.ts';
import {
  type ChargeCase,
  ago,
  applied,
  attemptsOf,
  briefDecision,
  cashbackOf,
  failed,
  inputOf,
  limits,
  listed,
  now,
  open,
  target,
} from './charge-builders.ts';

describe('decideCharge, with an operation of ours', () => {
  const cases: ChargeCase[] = [
    // With an operation of ours that is open.
    [
      'our operation is polled while it is accepted',
      { operation: open, cashback: cashbackOf({ status: 'init', operations: [listed('init')] }) },
      { action: 'poll', finished: null, after_ms: 400, why: 'in_flight' },
    ],
    [
      'our operation that has been in flight for a long time is polled after as long again',
      {
        operation: open,
        unsettled_since: ago(3_200),
        cashback: cashbackOf({ status: 'init', operations: [listed('init')] }),
      },
      { action: 'poll', finished: null, after_ms: 3_200, why: 'in_flight' },
    ],
    [
      'the longest wait is the longest for our operation, too',
      {
        operation: open,
        limits: { ...limits, in_flight_poll_ms: 20_000 },
        cashback: cashbackOf({ status: 'init', operations: [listed('init')] }),
      },
      { action: 'poll', finished: null, after_ms: 10_000, why: 'in_flight' },
    ],
    [
      'our operation is polled while its baskets move, even when the target is there already',
      {
        operation: open,
        cashback: cashbackOf({
          status: 'in-progress',
          rewarded: target,
          operations: [listed('in-progress')],
        }),
      },
      { action: 'poll', finished: null, after_ms: 400, why: 'in_flight' },
    ],
    [
      'our operation is polled while it is in flight, whatever the target is by now',
      {
        operation: open,
        target: { user: 99n },
        revision: 4,
        cashback: cashbackOf({ status: 'in-progress', operations: [listed('in-progress')] }),
      },
      { action: 'poll', finished: null, after_ms: 400, why: 'in_flight' },
    ],
    [
      'our operation in flight is not given up for the failures before it',
      {
        operation: open,
        attempts: attemptsOf({ failed: 9, last_at: now }),
        cashback: cashbackOf({ status: 'init', operations: [listed('init')] }),
      },
      { action: 'poll', finished: null, after_ms: 400, why: 'in_flight' },
    ],
    [
      'our operation that is in flight for too long needs attention, and stays open',
      {
        operation: open,
        unsettled_since: ago(60_001),
        waited_ms: 60_001,
        cashback: cashbackOf({ status: 'init', operations: [listed('init')] }),
      },
      {
        action: 'needs_attention',
        code: 'operation_stuck',
        finished: null,
        reason: 'operation ours is not known to be finished: not settled since 2026-01-02T11:58:59.999Z',
      },
    ],
    [
      'our operation that is not listed is repeated as it was sent',
      { operation: open },
      { action: 'update', finished: null, repeat: open },
    ],
    [
      'our operation that is not listed is repeated, not replaced, whatever the target is by now',
      { operation: open, target: { user: 99n }, revision: 4 },
      { action: 'update', finished: null, repeat: open },
    ],
    [
      'our operation that is not listed is repeated even when the target is there: it could still arrive',
      { operation: open, cashback: cashbackOf({ rewarded: target }) },
      { action: 'update', finished: null, repeat: open },
    ],
    [
      'our operation that is not listed is repeated at once, whatever failed before and whichever other one is in flight',
      {
        operation: open,
        attempts: attemptsOf({ failed: 9, last_at: now }),
        cashback: cashbackOf({ status: 'in-progress' }),
      },
      { action: 'update', finished: null, repeat: open },
    ],
    [
      'our operation that is not listed is repeated, however long it could not be',
      { operation: open, unsettled_since: ago(9_999_999), waited_ms: 9_999_999 },
      { action: 'update', finished: null, repeat: open },
    ],
    [
      'our operation that failed too late for another try needs attention, and says so',
      {
        operation: open,
        unsettled_since: ago(60_001),
        waited_ms: 60_001,
        cashback: cashbackOf({ status: 'failed', operations: [listed('failed')] }),
      },
      {
        action: 'needs_attention',
        code: 'operations_failed',
        finished: failed,
        reason: 'not settled since 2026-01-02T11:58:59.999Z',
      },
    ],
    [
      'our operation that was applied for an older target is followed by another, however long it took',
      {
        operation: { ...open, revision: 2 },
        target: { user: 99n },
        unsettled_since: ago(9_999_999),
        waited_ms: 9_999_999,
        cashback: cashbackOf({ rewarded: target, operations: [listed('success')] }),
      },
      { action: 'update', finished: applied, repeat: null },
    ],
    [
      'our operation that is listed with another reward needs attention: it is not the one we sent',
      {
        operation: open,
        cashback: cashbackOf({
          rewarded: target,
          operations: [{ ...listed('success'), reward: { user: 1n } }],
        }),
      },
      {
        action: 'needs_attention',
        code: 'operation_refused',
        finished: null,
        reason: 'operation ours carries another reward at transactions than the one it was sent with',
      },
    ],
    // Our operation has ended.
    [
      'our operation that brought the target is finished, and the order settled',
      { operation: open, cashback: cashbackOf({ rewarded: target, operations: [listed('success')] }) },
      { action: 'settled', finished: applied },
    ],
    [
      'our operation is finished, and a target that has changed meanwhile is updated to',
      {
        operation: open,
        target: { user: 99n },
        revision: 4,
        cashback: cashbackOf({ rewarded: target, operations: [listed('success')] }),
      },
      { action: 'update', finished: applied, repeat: null },
    ],
    [
      "our operation is finished, and another caller's after it is polled",
      {
        operation: open,
        cashback: cashbackOf({ status: 'init', rewarded: target, operations: [listed('success')] }),
      },
      { action: 'poll', finished: applied, after_ms: 100, why: 'other_in_flight' },
    ],
    [
      'our operation that failed is finished, and the next one waits',
      { operation: open, cashback: cashbackOf({ status: 'failed', operations: [listed('failed')] }) },
      { action: 'poll', finished: failed, after_ms: 1_000, why: 'backoff' },
    ],
    [
      'our operation that failed counts with the failures before it',
      {
        operation: open,
        attempts: attemptsOf({ failed: 2, last_at: ago(50_000) }),
        cashback: cashbackOf({ status: 'failed', operations: [listed('failed')] }),
      },
      { action: 'poll', finished: failed, after_ms: 4_000, why: 'backoff' },
    ],
    [
      'our operation that failed once too often needs attention, and says why',
      {
        operation: open,
        attempts: attemptsOf({ failed: 4, last_at: ago(50_000) }),
        cashback: cashbackOf({ status: 'failed', operations: [listed('failed', 'basket refused')] }),
      },
      {
        action: 'needs_attention',
        code: 'operations_failed',
        finished: { ...failed, reason: 'basket refused' },
        reason: '5 operations of this revision failed, the last one with: basket refused',
      },
    ],
    [
      'our operation that failed for an older revision holds up no newer one',
      {
        operation: { ...open, revision: 2 },
        cashback: cashbackOf({ status: 'failed', operations: [listed('failed', WALLET_FORBIDS_NEGATIVE)] }),
      },
      {
        action: 'update',
        finished: { ...failed, reason: WALLET_FORBIDS_NEGATIVE },
        repeat: null,
      },
    ],
    [
      'our operation that a wallet forbids needs attention at once: a repeat would fail again',
      {
        operation: open,
        cashback: cashbackOf({
          status: 'failed',
          operations: [listed('failed', `${WALLET_FORBIDS_NEGATIVE}: 3.0000 missing`)],
        }),
      },
      {
        action: 'needs_attention',
        code: 'wallet_forbids_negative',
        finished: { ...failed, reason: 'wallet_forbids_negative: 3.0000 missing' },
        reason: 'wallet_forbids_negative: 3.0000 missing',
      },
    ],
    [
      'our operation that a wallet of another user or currency refuses needs attention at once, with the reason that names both',
      {
        operation: open,
        cashback: cashbackOf({
          status: 'failed',
          operations: [listed('failed', 'PAYEE_MISMATCH: wallet-1 has the currency EUR, got USD')],
        }),
      },
      {
        action: 'needs_attention',
        code: 'payee_differs',
        finished: { ...failed, reason: 'PAYEE_MISMATCH: wallet-1 has the currency EUR, got USD' },
        reason: 'PAYEE_MISMATCH: wallet-1 has the currency EUR, got USD',
      },
    ],
    [
      'our operation that failed although another caller reached the target is settled',
      { operation: open, cashback: cashbackOf({ rewarded: target, operations: [listed('failed')] }) },
      { action: 'settled', finished: failed },
    ],
  ];
  test.each(cases)('%s', (_guarantee, given, decision) => {
    expect(briefDecision(decideCharge(inputOf(given)))).toEqual(decision);
  });
});
