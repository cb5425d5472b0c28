import { describe, expect, test } from 'vitest';
import { decideCharge } from '../src/decide-charge.ts';
import {
  type ChargeCase,
  ago,
  applied,
  attemptsOf,
  briefDecision,
  cashbackOf,
  failed,
  inputOf,
  listed,
  open,
  target,
} from './charge-builders.ts';

const DIFFERENCE = 'trust_differs: amount: asked for 1.2345, Trust has 1.2300';
const DIFFERS = { code: 'trust_differs' as const, reason: DIFFERENCE, details: {}, since: ago(5_000) };

describe('decideCharge, when an order may need attention', () => {
  const cases: ChargeCase[] = [
    [
      'too many rejections need attention: a version that never holds still is never met',
      { attempts: attemptsOf({ rejected: 5, last_at: ago(50_000) }) },
      {
        action: 'needs_attention',
        code: 'operations_rejected',
        finished: null,
        reason: '5 operations of this revision were rejected',
      },
    ],
    [
      'too many operations that were applied for nothing need attention',
      { attempts: attemptsOf({ applied: 5, last_at: ago(50_000) }) },
      {
        action: 'needs_attention',
        code: 'operations_without_effect',
        finished: null,
        reason: '5 operations of this revision were applied, and yet the invoice carries something else',
      },
    ],
    [
      'a success that carries what no operation asked for needs attention at once',
      {
        operation: open,
        cashback: cashbackOf({ rewarded: { user: 10n, service: 6n }, operations: [listed('success')] }),
      },
      {
        action: 'needs_attention',
        code: 'moved_by_hand',
        finished: applied,
        reason: 'the invoice carries a reward that its newest operation ours, a success, did not ask for',
      },
    ],
    [
      'a reward without any operation is taken as it is, and updated',
      { cashback: cashbackOf({ version: 0, rewarded: { user: 3n } }) },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'the target without any operation is settled',
      { cashback: cashbackOf({ version: 0, rewarded: target }) },
      { action: 'settled', finished: null },
    ],
    [
      'nothing rewarded without any operation is updated',
      { cashback: cashbackOf({ version: 0 }) },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'time without answers is not held against an order',
      {
        operation: open,
        unsettled_since: ago(9_999_999),
        waited_ms: 60_000,
        cashback: cashbackOf({ status: 'init', operations: [listed('init')] }),
      },
      { action: 'poll', finished: null, after_ms: 10_000, why: 'in_flight' },
    ],
    [
      'an operation that does not end needs attention with the reason that it gives',
      {
        operation: open,
        unsettled_since: ago(70_000),
        waited_ms: 70_000,
        cashback: cashbackOf({
          status: 'in-progress',
          operations: [{ ...listed('in-progress'), reason: 'top-up of 5 was refused: NOT_NOW' }],
        }),
      },
      {
        action: 'needs_attention',
        code: 'operation_stuck',
        finished: null,
        reason:
          'operation ours is not known to be finished: not settled since 2026-01-02T11:58:50.000Z; ' +
          'it says: top-up of 5 was refused: NOT_NOW',
      },
    ],
    [
      'too many failures need attention',
      { attempts: attemptsOf({ failed: 5, last_at: ago(50_000) }) },
      {
        action: 'needs_attention',
        code: 'operations_failed',
        finished: null,
        reason: '5 operations of this revision failed',
      },
    ],
    [
      'between two attempts the last reason stays',
      {
        attempts: attemptsOf({ failed: 6, last_at: ago(5_000) }),
        attention: {
          code: 'operations_failed',
          reason: 'before',
          details: { last: 'NO_MONEY' },
          since: ago(5_000),
        },
      },
      {
        action: 'needs_attention',
        code: 'operations_failed',
        finished: null,
        reason: '6 operations of this revision failed, the last one with: NO_MONEY',
      },
    ],
    [
      'an order that failed, and is unsettled for exactly as long as it may, is still updated',
      {
        attempts: attemptsOf({ failed: 1, last_at: ago(50_000) }),
        unsettled_since: ago(60_000),
        waited_ms: 60_000,
      },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'an order that failed, and is unsettled for too long, needs attention',
      {
        attempts: attemptsOf({ failed: 1, last_at: ago(50_000) }),
        unsettled_since: ago(60_001),
        waited_ms: 60_001,
      },
      {
        action: 'needs_attention',
        code: 'operations_failed',
        finished: null,
        reason: 'not settled since 2026-01-02T11:58:59.999Z',
      },
    ],
    [
      'an order whose target was never tried is updated, however long that was impossible',
      { unsettled_since: ago(9_999_999), waited_ms: 9_999_999 },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      "an order whose target was never tried is updated after another caller's failure, however old it is",
      { cashback: cashbackOf({ status: 'failed' }), unsettled_since: ago(9_999_999), waited_ms: 9_999_999 },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'an operation whose payment is another one at Trust needs attention at once, and stays open',
      {
        operation: open,
        cashback: cashbackOf({ status: 'in-progress', operations: [listed('in-progress', DIFFERENCE)] }),
      },
      { action: 'needs_attention', code: 'trust_differs', finished: null, reason: DIFFERENCE },
    ],
    [
      "so does another caller's",
      { cashback: cashbackOf({ status: 'in-progress', operations: [listed('in-progress', DIFFERENCE)] }) },
      { action: 'needs_attention', code: 'trust_differs', finished: null, reason: DIFFERENCE },
    ],
    [
      'one that Trust has as it was asked for is followed again',
      {
        operation: open,
        attention: DIFFERS,
        cashback: cashbackOf({ status: 'in-progress', operations: [listed('in-progress')] }),
      },
      { action: 'poll', finished: null, after_ms: 400, why: 'in_flight' },
    ],
    [
      'one that the invoice does not list is repeated, and the order needs attention on',
      { operation: open, attention: DIFFERS },
      { action: 'update', finished: null, repeat: open, code: 'trust_differs', reason: DIFFERENCE },
    ],
    [
      'an operation that an older release ended for such a difference is not tried again',
      {
        operation: open,
        cashback: cashbackOf({ status: 'failed', operations: [listed('failed', DIFFERENCE)] }),
      },
      {
        action: 'needs_attention',
        code: 'trust_differs',
        finished: { ...failed, reason: DIFFERENCE },
        reason: DIFFERENCE,
      },
    ],
    [
      'nor later',
      {
        attention: DIFFERS,
        attempts: attemptsOf({ failed: 1, last_at: ago(9_999_999) }),
        cashback: cashbackOf({ status: 'failed', operations: [listed('failed', DIFFERENCE)] }),
      },
      { action: 'needs_attention', code: 'trust_differs', finished: null, reason: DIFFERENCE },
    ],
    [
      'until a person resumes its order',
      {
        attempts: attemptsOf({ failed: 1, last_at: ago(9_999_999) }),
        cashback: cashbackOf({ status: 'failed', operations: [listed('failed', DIFFERENCE)] }),
      },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      "another caller's operation that is in flight for too long needs attention",
      { cashback: cashbackOf({ status: 'in-progress' }), unsettled_since: ago(60_001), waited_ms: 60_001 },
      {
        action: 'needs_attention',
        code: 'operation_stuck',
        finished: null,
        reason: 'not settled since 2026-01-02T11:58:59.999Z',
      },
    ],
  ];
  test.each(cases)('%s', (_guarantee, given, decision) => {
    expect(briefDecision(decideCharge(inputOf(given)))).toEqual(decision);
  });
});
