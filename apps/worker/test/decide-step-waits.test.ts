import type { Charge, ChargeOrder } from '@cashback/cashback-db';
import type { AttentionCode } from '@cashback/contract';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OrderStep, decideStep } from '../src/reconcile/decide-step.ts';
import type { Observation } from '../src/reconcile/observe-invoice.ts';
import {
  limits,
  context,
  none,
  registeredAt,
  order,
  charge,
  observed,
  missing,
  unreachable,
  listedIn,
  listed,
} from './support/step-builders.ts';

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
  ): OrderStep => decideStep(order(changes), observation, charge(changes, more, afterMs), context);

  test('is observed at distances that grow from the shortest to the longest', () => {
    for (const [after, least] of [
      [0, 60_000],
      [10 * 60_000, 10 * 60_000],
      [9 * 3_600_000, 3_600_000],
    ] as const) {
      const step = decide(since('observation_missing'), missing, {}, after);
      expect(step).toMatchObject({ action: 'need_attention' });
      const { wait_ms } = step as Extract<OrderStep, { action: 'need_attention' }>;
      expect(wait_ms).toBeGreaterThanOrEqual(least);
      expect(wait_ms).toBeLessThanOrEqual(1.25 * least);
    }
  });

  test('keeps its attention and its slow polling during an outage', () => {
    const step = decide(since('operations_failed'), unreachable());
    expect(step).toMatchObject({ action: 'need_attention', attention: kept });
    expect((step as { wait_ms: number }).wait_ms).toBeGreaterThanOrEqual(60_000);
  });

  test.each<AttentionCode>([
    'observation_missing',
    'observation_stale',
    'status_contradicts',
    'moved_by_hand',
  ])('for %s leaves attention at the next usable observation', (code) => {
    expect(decide(since(code), observed(100_000n))).toMatchObject({ action: 'settle' });
    expect(decide(since(code), observed(0n))).toMatchObject({
      action: 'send',
      attention: null,
      waited_ms: 0,
    });
  });

  test('for an operation in flight leaves attention when that operation ends', () => {
    const changes = { ...since('operation_stuck'), operation_id: 'operation-1' };
    const inFlight = listedIn('in-progress');
    expect(decide(changes, inFlight)).toMatchObject({
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
  ])('for %s is retried with growing delays, and keeps needing attention until it settles', (code) => {
    const attempts = { ...none, failed: 1, last_at: minutes(4) };
    const standing = { ...since(code), waited_ms: 0 };
    const early = decide(standing, observed(0n), { attempts }, 7.9 * 60_000);
    expect(early).toMatchObject({ action: 'need_attention', attention: { ...kept, code } });
    const due = decide(standing, observed(0n), { attempts }, 8 * 60_000);
    expect(due).toMatchObject({ action: 'send', repeated: false, attention: { ...kept, code } });
    expect((due as { wait_ms: number }).wait_ms).toBeGreaterThanOrEqual(8 * 60_000);
    expect(decide(standing, observed(100_000n), { attempts })).toMatchObject({ action: 'settle' });
  });

  test.each<AttentionCode>(['wallet_forbids_negative', 'owed'])(
    'for %s is retried with the failure backoff once its wallet has money, and slowly after that attempt',
    (code) => {
      const attempts = { ...none, failed: 1, last_at: minutes(4) };
      const standing = { ...since(code), waited_ms: 0, due_by: 'balance' as const };
      const soon = decide(standing, observed(0n), { attempts }, 4 * 60_000 + limits.failure_base_ms - 1);
      expect(soon).toMatchObject({ action: 'need_attention', attention: { code } });
      for (const step of [soon, decide(standing, unreachable(), { attempts }, 4 * 60_000)]) {
        const { wait_ms } = step as { wait_ms: number };
        expect(wait_ms).toBeGreaterThanOrEqual(limits.failure_base_ms);
        expect(wait_ms).toBeLessThanOrEqual(1.25 * limits.failure_base_ms);
      }
      const due = decide(standing, observed(0n), { attempts }, 4 * 60_000 + limits.failure_base_ms);
      expect(due).toMatchObject({ action: 'send', repeated: false, attention: { code } });
      const after = decide({ ...standing, due_by: null }, observed(0n), { attempts }, 5 * 60_000);
      expect(after).toMatchObject({ action: 'need_attention' });
      expect((after as { wait_ms: number }).wait_ms).toBeGreaterThanOrEqual(5 * 60_000);
    },
  );

  test('for a debt ages only during an attempt, as any other order does', () => {
    const changes = { ...since('owed'), waited_ms: 1_000, operation_id: 'operation-1' };
    const step = decide(changes, listedIn('in-progress'));
    expect(step).toMatchObject({ action: 'need_attention', attention: { code: 'owed' } });
    expect((step as { waited_ms: number }).waited_ms).toBeGreaterThanOrEqual(1_000);
    const overdue = { ...changes, waited_ms: limits.attention_after_ms + 1 };
    expect(decide(overdue, listedIn('in-progress'))).toMatchObject({
      action: 'need_attention',
      attention: { code: 'operation_stuck' },
    });
  });

  test('without a code, from an older release, is compared as any other', () => {
    const older = { attention: 'stuck' };
    expect(decide(older, observed(0n))).toMatchObject({ action: 'send', attention: null });
    expect(decide(older, observed(100_000n))).toMatchObject({ action: 'settle' });
  });
});

describe('time counts against an order only between two answers about it:', () => {
  const tooLong = limits.attention_after_ms + 1;

  test('an order without an answer is polled indefinitely', () => {
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

  test('an interval between two answers counts as two polls at most', () => {
    const step = decideStep(order(), missing, charge({ answered_at: registeredAt }, {}, tooLong), context);
    expect(step).toMatchObject({ waited_ms: 2 * limits.poll_max_ms });
  });

  test.each<[string, Observation]>([
    ['observation_missing', missing],
    ['observation_stale', { ...observed(0n), cashback: { ...observed(0n).cashback, version: 6 } }],
  ])('an unusable observation is polled until its time exceeds the bound: %s', (code, observation) => {
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
  function expectSpread(least: number, most: number, draw: () => OrderStep): void {
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
    ["for another caller's operation", limits.poll_base_ms, {}, []],
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
