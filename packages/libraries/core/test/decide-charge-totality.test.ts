import { isDeepStrictEqual } from 'node:util';
import { CASHBACK_STATUSES } from '@cashback/wire';
import { equalAmounts } from '@cashback/contract/source';
import { describe, expect, test } from 'vitest';
import {
  type ChargeDecision,
  type ChargeInput,
  WALLET_FORBIDS_NEGATIVE,
  decideCharge,
} from '../src/decide-charge.ts';
import type { ObservedCashback } from '../src/observed-cashback.ts';
import { ago, attemptsOf, cashbackOf, inputOf, listed, open, target } from './charge-builders.ts';

describe('decideCharge, over every combination of inputs,', () => {
  const situations = CASHBACK_STATUSES.flatMap((status) =>
    [true, false].flatMap((equal) =>
      (
        [
          'none',
          'finished',
          'failed',
          'forbidden',
          'init',
          'in-progress',
          'not listed',
          'other reward',
        ] as const
      ).flatMap((operation) =>
        [0, 1, 4, 5, 1_000].flatMap((count) =>
          [null, 0, 500, 1_000_000, -1_000].flatMap((failed_ms_ago) =>
            [0, 60_000, 60_001, -1_000].flatMap((unsettled_ms) =>
              [2, 3].map((revision) => ({
                situation: { status, equal, operation, count, failed_ms_ago, unsettled_ms, revision },
                input: inputOf({
                  operation: operation === 'none' ? null : { ...open, revision },
                  cashback: cashbackOf({
                    status,
                    rewarded: equal ? target : { user: 10n },
                    operations: operationsOf(operation),
                  }),
                  attempts: attemptsOf({
                    failed: count,
                    last_at: failed_ms_ago === null ? null : ago(failed_ms_ago),
                  }),
                  unsettled_since: ago(unsettled_ms),
                  waited_ms: Math.max(0, unsettled_ms),
                }),
              })),
            ),
          ),
        ),
      ),
    ),
  );

  type Situation = (typeof situations)[number]['situation'];
  const isOpen = ({ operation }: Situation) =>
    ['init', 'in-progress', 'not listed', 'other reward'].includes(operation);

  /** Operations of this revision that failed, with the one that is found now. */
  function failuresOf({ operation, revision, count }: Situation): number {
    return count + (revision === 3 && (operation === 'failed' || operation === 'forbidden') ? 1 : 0);
  }

  /** The situations for which the decision does not keep the promise; none is how it should be. */
  function broken(keeps: (decision: ChargeDecision, situation: Situation, input: ChargeInput) => boolean) {
    return situations
      .filter(({ situation, input }) => !keeps(decideCharge(input), situation, input))
      .map(({ situation }) => situation);
  }

  test('always decides, and every wait is positive and bounded', () => {
    expect(situations).toHaveLength(4 * 2 * 8 * 5 * 5 * 4 * 2);
    expect(
      broken(
        (decision) => decision.action !== 'poll' || (decision.after_ms > 0 && decision.after_ms <= 10_000),
      ),
    ).toEqual([]);
  });

  test('settles exactly when no operation is open, the status is success and the amounts are equal', () => {
    expect(
      broken((decision, situation, { cashback, target }) => {
        const settled =
          !isOpen(situation) && cashback.status === 'success' && equalAmounts(cashback.rewarded, target);
        return (decision.action === 'settled') === settled;
      }),
    ).toEqual([]);
  });

  test('never replaces an open operation: its only update repeats the same one', () => {
    expect(
      broken((decision, situation, { operation }) => {
        if (decision.action !== 'update') return true;
        return decision.repeat === (isOpen(situation) ? operation : null);
      }),
    ).toEqual([]);
  });

  test('finishes an operation exactly when the invoice says that it ended', () => {
    expect(
      broken((decision, { operation }) => {
        const ended = operation === 'failed' || operation === 'forbidden' ? 'failed' : undefined;
        return decision.finished?.outcome === (operation === 'finished' ? 'applied' : ended);
      }),
    ).toEqual([]);
  });

  test('makes no new operation while any is in flight', () => {
    expect(
      broken(
        (decision, { status }) =>
          !(decision.action === 'update' && decision.repeat === null) ||
          status === 'success' ||
          status === 'failed',
      ),
    ).toEqual([]);
  });

  test('gives up an unfinished operation for its age, never for the number of failures', () => {
    expect(
      broken((decision, situation) => {
        const unfinished = isOpen(situation) && situation.operation !== 'other reward';
        return decision.action !== 'needs_attention' || !unfinished || situation.unsettled_ms > 60_000;
      }),
    ).toEqual([]);
  });

  test('waits for nothing forever: an operation in flight or failed for too long needs attention', () => {
    expect(
      broken((decision, situation, { cashback }) => {
        if (situation.unsettled_ms <= 60_000) return true;
        if (decision.action !== 'update') return decision.action !== 'poll';
        const inFlight = cashback.status === 'init' || cashback.status === 'in-progress';
        return situation.operation === 'not listed' || (!inFlight && failuresOf(situation) === 0);
      }),
    ).toEqual([]);
  });

  test('never stops an update for its age alone: the same order, when it is young, gets the same one', () => {
    expect(
      broken((decision, situation, input) => {
        const young = decideCharge({ ...input, unsettled_since: ago(0), waited_ms: 0 });
        if (young.action !== 'update') return true;
        if (situation.operation !== 'not listed' && failuresOf(situation) > 0) return true;
        return isDeepStrictEqual(decision, young);
      }),
    ).toEqual([]);
  });
});

/** The operations that the invoice lists when ours is in that state. */
function operationsOf(operation: string): ObservedCashback['operations'] {
  const other = { operation_id: 'another', status: 'success' as const, reward: { user: 1n } };
  switch (operation) {
    case 'finished':
      return [other, listed('success')];
    case 'failed':
      return [other, listed('failed')];
    case 'forbidden':
      return [other, listed('failed', WALLET_FORBIDS_NEGATIVE)];
    case 'init':
      return [listed('init'), other];
    case 'in-progress':
      return [listed('in-progress'), other];
    case 'other reward':
      return [{ ...listed('success'), reward: { user: 1n } }, other];
    default:
      return [other];
  }
}
