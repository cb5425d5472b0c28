import { describe, expect, test } from 'vitest';
import { decideCharge } from '../src/decide-charge.ts';
import {
  type ChargeCase,
  ago,
  attemptsOf,
  briefDecision,
  cashbackOf,
  inputOf,
  limits,
  listed,
  now,
  open,
  target,
} from './charge-builders.ts';

describe('decideCharge', () => {
  const cases: ChargeCase[] = [
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
      "another caller's operation in its beginnings is polled",
      { cashback: cashbackOf({ status: 'init' }) },
      { action: 'poll', finished: null, after_ms: 100, why: 'other_in_flight' },
    ],
    [
      "another caller's operation in flight is polled even with the target: it may still change it",
      { cashback: cashbackOf({ status: 'in-progress', rewarded: target }) },
      { action: 'poll', finished: null, after_ms: 100, why: 'other_in_flight' },
    ],
    [
      "failures of ours do not matter while another caller's operation is in flight",
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
    [
      'the target in the wallet of an earlier payee is not settled, but moved at once',
      {
        cashback: cashbackOf({
          rewarded: target,
          elsewhere: { user: 10n },
          operations: [listed('success')],
        }),
      },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'what an earlier payee was left with is no debt before an attempt found it so',
      {
        cashback: cashbackOf({
          rewarded: { user: 12n, service: 5n },
          owed: { user: 2n },
          elsewhere: { user: 12n },
          operations: [listed('success')],
        }),
      },
      { action: 'update', finished: null, repeat: null },
    ],
    [
      'what the wallet of an earlier payee owes is owed, and never passes for the target',
      {
        target: { user: 2n },
        cashback: cashbackOf({
          rewarded: { user: 2n },
          owed: { user: 2n },
          elsewhere: { user: 2n },
        }),
      },
      { action: 'update', finished: null, repeat: null },
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
  ];
  test.each(cases)('%s', (_guarantee, given, decision) => {
    expect(briefDecision(decideCharge(inputOf(given)))).toEqual(decision);
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
