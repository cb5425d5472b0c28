import { describe, expect, test } from 'vitest';
import type { AttentionCode } from '@cashback/contract/attention';
import {
  type ChargeDecision,
  type ChargeInput,
  WALLET_FORBIDS_NEGATIVE,
  decideCharge,
} from '../src/decide-charge.ts';
import {
  ago,
  attemptsOf,
  cashbackOf,
  inputOf,
  limits,
  listed,
  now,
  open,
  target,
} from './charge-builders.ts';

const applied = { operation_id: 'ours', outcome: 'applied' as const, reason: null };
const failed = { operation_id: 'ours', outcome: 'failed' as const, reason: null };

type Without<Decision> = Decision extends unknown ? Omit<Decision, 'attention'> : never;
type Brief = Without<ChargeDecision> & { code?: AttentionCode; reason?: string };

/** The code and reason of its attention, and nothing when there is none. */
function brief(decision: ChargeDecision): Brief {
  const { attention, ...rest } = { attention: null, ...decision };
  return attention === null ? rest : { ...rest, code: attention.code, reason: attention.reason };
}

describe('decideCharge', () => {
  const cases: [guarantee: string, given: Partial<ChargeInput>, decision: Brief][] = [
    // Without an operation of ours.
    [
      'success with the target is settled',
      { cashback: cashbackOf({ rewarded: target }) },
      { action: 'settled', finished: null },
    ],
    [
      'nothing to give and nothing given is settled: an invoice without operations is a success',
      { target: { user: 0n, service: 0n }, cashback: cashbackOf({ version: 0 }) },
      { action: 'settled', finished: null },
    ],
    [
      'what is settled needs no attention, however long it took and however often it failed',
      {
        cashback: cashbackOf({ rewarded: target }),
        unsettled_since: ago(9_999_999),
        waited_ms: 9_999_999,
        attempts: attemptsOf({ failed: 9, last_at: now }),
      },
      { action: 'settled', finished: null },
    ],
    [
      'success with anything else is updated',
      {
        cashback: cashbackOf({
          rewarded: { user: 10n },
          operations: [{ operation_id: 'other', status: 'success', reward: { user: 10n } }],
        }),
      },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'failed is updated again',
      { cashback: cashbackOf({ status: 'failed' }) },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'failed is updated again even with the target, so that the invoice ends in success',
      { cashback: cashbackOf({ status: 'failed', rewarded: target }) },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      "somebody else's operation in its beginnings is polled",
      { cashback: cashbackOf({ status: 'init' }) },
      { action: 'poll', finished: null, after_ms: 100, why: 'other_in_flight' },
    ],
    [
      "somebody else's operation in flight is polled even with the target: it may still change it",
      { cashback: cashbackOf({ status: 'in-progress', rewarded: target }) },
      { action: 'poll', finished: null, after_ms: 100, why: 'other_in_flight' },
    ],
    [
      'failures of ours do not matter while somebody else is in flight',
      { cashback: cashbackOf({ status: 'in-progress' }), attempts: attemptsOf({ failed: 9, last_at: now }) },
      { action: 'poll', finished: null, after_ms: 100, why: 'other_in_flight' },
    ],
    [
      'what the wallet owes keeps the order from settling, and no attempt follows at once',
      {
        cashback: cashbackOf({
          rewarded: { user: 10n, service: 7n },
          owed: { service: 2n },
          operations: [listed('success')],
        }),
        operation: open,
      },
      {
        action: 'needs_attention',
        code: 'owed',
        finished: { operation_id: 'ours', outcome: 'applied', reason: null },
        reason: 'the wallet owes 0.0002 (service) that it did not have',
      },
    ],
    [
      'what is owed is tried again once it was owed for long enough, however often it was tried',
      {
        cashback: cashbackOf({
          rewarded: { user: 10n, service: 7n },
          owed: { service: 2n },
          operations: [listed('success')],
        }),
        attempts: attemptsOf({ applied: 99, last_at: ago(30_000) }),
        attention: { code: 'owed', reason: 'owed', details: {}, since: ago(60_000) },
      },
      {
        action: 'update',
        code: 'owed',
        finished: null,
        repeat: null,
        reason: 'the wallet owes 0.0002 (service) that it did not have',
      },
    ],
    [
      'a debt that another target left is none of this target',
      { cashback: cashbackOf({ rewarded: { user: 2n }, owed: { user: 2n } }) },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'more than the newest operation asked for and the wallet owes was moved by hand',
      {
        cashback: cashbackOf({
          rewarded: { user: 11n, service: 7n },
          owed: { service: 2n },
          operations: [listed('success')],
        }),
      },
      {
        action: 'needs_attention',
        code: 'moved_by_hand',
        finished: null,
        reason: 'the invoice carries a reward that its newest operation ours, a success, did not ask for',
      },
    ],
    // An answer out of the past.
    [
      'the target in an answer from before what is known settles nothing',
      { cashback: cashbackOf({ rewarded: target }), cashback_version: 9 },
      { action: 'poll', finished: null, after_ms: 100, why: 'stale' },
    ],
    [
      'nor does such an answer begin anything',
      { cashback_version: 9, unsettled_since: ago(3_200) },
      { action: 'poll', finished: null, after_ms: 3_200, why: 'stale' },
    ],
    [
      'nor does the end of our operation count in it',
      { cashback: cashbackOf({ operations: [listed('failed')] }), operation: open, cashback_version: 9 },
      { action: 'poll', finished: null, after_ms: 100, why: 'stale' },
    ],
    [
      'the same answer again is trusted',
      { cashback: cashbackOf({ rewarded: target }), cashback_version: 8 },
      { action: 'settled', finished: null },
    ],
    [
      'a lower version of a newer epoch is newer',
      { cashback: cashbackOf({ epoch: 2, version: 1, rewarded: target }), cashback_version: 9 },
      { action: 'settled', finished: null },
    ],
    [
      'a higher version of an older epoch is older',
      {
        cashback: cashbackOf({ epoch: 1, version: 99, rewarded: target }),
        cashback_epoch: 2,
        cashback_version: 9,
      },
      { action: 'poll', finished: null, after_ms: 100, why: 'stale' },
    ],
    [
      'an answer without an epoch is of the stored one',
      { cashback: cashbackOf({ epoch: null, rewarded: target }), cashback_epoch: 2, cashback_version: 9 },
      { action: 'poll', finished: null, after_ms: 100, why: 'stale' },
    ],
    [
      'an upstream that never gets past it needs a person',
      { cashback_version: 9, unsettled_since: ago(60_001), waited_ms: 60_001 },
      {
        action: 'needs_attention',
        code: 'observation_stale',
        finished: null,
        reason: `the invoice shows cashback version 8, and version 9 was reached before: not settled since ${ago(60_001).toISOString()}`,
      },
    ],
    // The wait between two polls, and after a failure.
    [
      'the wait between two polls grows with the time the order is unsettled',
      { cashback: cashbackOf({ status: 'init' }), unsettled_since: ago(3_200) },
      { action: 'poll', finished: null, after_ms: 3_200, why: 'other_in_flight' },
    ],
    [
      'the wait between two polls has an end',
      { cashback: cashbackOf({ status: 'init' }), unsettled_since: ago(50_000) },
      { action: 'poll', finished: null, after_ms: 10_000, why: 'other_in_flight' },
    ],
    [
      'a clock that runs behind makes no wait shorter than the shortest',
      { cashback: cashbackOf({ status: 'init' }), unsettled_since: ago(-5_000) },
      { action: 'poll', finished: null, after_ms: 100, why: 'other_in_flight' },
    ],
    [
      'after a failure the rest of the wait is waited',
      { attempts: attemptsOf({ failed: 1, last_at: ago(400) }) },
      { action: 'poll', finished: null, after_ms: 600, why: 'backoff' },
    ],
    [
      'each further failure doubles the wait',
      { attempts: attemptsOf({ failed: 3, last_at: ago(400) }) },
      { action: 'poll', finished: null, after_ms: 3_600, why: 'backoff' },
    ],
    [
      'the wait after a failure has an end',
      { attempts: attemptsOf({ failed: 50, last_at: now }), limits: { ...limits, max_failures: 100 } },
      { action: 'poll', finished: null, after_ms: 8_000, why: 'backoff' },
    ],
    [
      'a failure in the future of this clock makes no wait longer than its own',
      { attempts: attemptsOf({ failed: 1, last_at: ago(-5_000) }) },
      { action: 'poll', finished: null, after_ms: 1_000, why: 'backoff' },
    ],
    [
      'when the wait after a failure is over, the order is updated',
      { attempts: attemptsOf({ failed: 3, last_at: ago(4_000) }) },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'rejections are followed by another operation at once, as long as they are few',
      { attempts: attemptsOf({ rejected: 3, last_at: now }) },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'further rejections are followed by a wait, as failures are',
      { attempts: attemptsOf({ rejected: 5, last_at: ago(400) }), limits: { ...limits, max_failures: 10 } },
      { action: 'poll', finished: null, after_ms: 1_600, why: 'backoff' },
    ],
    [
      'an operation that was applied, and yet something else is rewarded, is followed by a wait',
      { attempts: attemptsOf({ applied: 1, last_at: ago(400) }) },
      { action: 'poll', finished: null, after_ms: 600, why: 'backoff' },
    ],
    // Attention.
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
      "an order whose target was never tried is updated after somebody else's failure, however old it is",
      { cashback: cashbackOf({ status: 'failed' }), unsettled_since: ago(9_999_999), waited_ms: 9_999_999 },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      "somebody else's operation that flies for too long needs attention",
      { cashback: cashbackOf({ status: 'in-progress' }), unsettled_since: ago(60_001), waited_ms: 60_001 },
      {
        action: 'needs_attention',
        code: 'operation_stuck',
        finished: null,
        reason: 'not settled since 2026-01-02T11:58:59.999Z',
      },
    ],
    // With an operation of ours that is open.
    [
      'our operation is polled while it is accepted',
      { operation: open, cashback: cashbackOf({ status: 'init', operations: [listed('init')] }) },
      { action: 'poll', finished: null, after_ms: 400, why: 'in_flight' },
    ],
    [
      'our operation that has flown for long is polled as long after again',
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
      'our operation is polled while it flies, whatever the target is by now',
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
      'our operation that flies for too long needs attention, and stays open',
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
      "our operation is finished, and somebody else's after it is polled",
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
      'our operation that failed although somebody brought the target is settled',
      { operation: open, cashback: cashbackOf({ rewarded: target, operations: [listed('failed')] }) },
      { action: 'settled', finished: failed },
    ],
  ];
  test.each(cases)('%s', (_guarantee, given, decision) => {
    expect(brief(decideCharge(inputOf(given)))).toEqual(decision);
  });

  test('the wait doubles with every poll, up to the longest', () => {
    const waits: number[] = [];
    for (let unsettled_ms = 0; unsettled_ms < 60_000; unsettled_ms += waits.at(-1) ?? 0) {
      const decision = decideCharge(
        inputOf({ cashback: cashbackOf({ status: 'init' }), unsettled_since: ago(unsettled_ms) }),
      );
      waits.push(decision.action === 'poll' ? decision.after_ms : Number.NaN);
    }
    expect(waits.slice(0, 10)).toEqual([100, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });
});
