import { serviceConfigOf } from '@cashback/core';
import { describe, expect, it } from 'vitest';
import type { Attempt, AttemptedOrder, Known } from '../src/process/attempt-state.ts';
import { decideAttemptStep, startAttempt, withKnown, withRegisterAnswer } from '../src/process/attempt.ts';
import { driftOfSettings } from '../src/process/find-drifts.ts';

const config = serviceConfigOf({
  earning_payment_types: ['card'],
  excluded_items: [],
  rounding: 'down',
  rounding_step: '0.01',
  max_share: '1',
  url_timeout_ms: 1_000,
});
const invoice = {
  invoice_id: 'order-1',
  service: 'yellow',
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  invoice_epoch: 2,
  version: 4,
  status: 'cleared' as const,
  payments: [{ payment_type: 'card', items: [{ item_id: 'ride', amount: '100' }] }],
};
const rates = {
  order_id: 'order-1',
  service: 'yellow',
  rates: [{ source: 'user' as const, rate: '0.05' }],
};
const target = [{ source: 'user' as const, value: '5.0000' }];
const order = { revision: 7, target, receipt: null, invoice_epoch: 2, invoice_version: 4 };
const service = { config, config_hash: 'h-1', frozen_hash: 'h-1', current_hash: 'h-1' };
const change: AttemptedOrder = {
  order_id: 'order-1',
  service: 'yellow',
  config_hash: 'h-1',
  processed_epoch: 2,
  processed_version: 4,
  asks_again: false,
  brought_by: 'reconcile',
};

function attemptOf(known: Partial<Known> = {}, attempted: Partial<AttemptedOrder> = {}): Attempt {
  return withKnown(startAttempt({ ...change, ...attempted }), {
    order,
    invoice: { invoice, rates, service },
    ...known,
  });
}

function driftsAfter(outcome: 'registered' | 'unchanged', attempt: Attempt): Attempt['drifts'] {
  const step = decideAttemptStep(attempt);
  if (step.step !== 'register') throw new Error(`expected register, got ${step.step}`);
  const answer = { outcome, invoice_epoch: 2, invoice_version: 4 };
  return withRegisterAnswer(attempt, step.input, answer).drifts;
}

const moved = { ...order, target: [{ source: 'user' as const, value: '99.0000' }] };
const older = { ...order, invoice_epoch: 1, invoice_version: 9 };

describe('processing a version once more', () => {
  it.each<[string, 'registered' | 'unchanged', Known['order'], string | null]>([
    ['finds nothing when the target is the same', 'unchanged', order, null],
    ['finds a target that differs', 'registered', order, 'target_differs'],
    [
      'finds a target that differs although the answer to its register was lost',
      'unchanged',
      moved,
      'target_differs',
    ],
    ['finds an order that was lost', 'registered', null, 'version_behind'],
    ['finds an order of an older epoch with another target', 'registered', older, 'version_behind'],
    ['finds an order of an older epoch with the same target', 'unchanged', older, 'version_behind'],
  ])('%s', (_, outcome, stored, kind) => {
    const drifts = driftsAfter(outcome, attemptOf({ order: stored ?? null }));
    expect(drifts.map((drift) => drift.class)).toEqual(kind === null ? [] : [kind]);
    for (const drift of drifts) expect(drift).toMatchObject({ order_id: 'order-1', healed: true });
  });

  it('writes down what was there before and after', () => {
    expect(driftsAfter('registered', attemptOf())).toEqual([
      {
        order_id: 'order-1',
        class: 'target_differs',
        before: { epoch: 2, version: 4, target },
        after: {
          epoch: 2,
          version: 4,
          target: [
            { source: 'user', value: '5.0000' },
            { source: 'service', value: '0.0000' },
          ],
        },
        found_by: 'reconcile',
        healed: true,
      },
    ]);
  });

  it.each<[string, Partial<AttemptedOrder>]>([
    ['a version that was not processed', { processed_version: 3 }],
    ['a version of another epoch', { processed_epoch: 1 }],
    ['an order whose service did not answer', { asks_again: true }],
  ])('is not what an attempt at %s does: it finds no drift', (_, attempted) => {
    expect(driftsAfter('registered', attemptOf({}, attempted))).toEqual([]);
  });
});

describe('settings that differ', () => {
  const changed = { ...service, current_hash: 'h-2' };

  it('are reported, and the calculation keeps those of the order', () => {
    const attempt = attemptOf({ invoice: { invoice, rates, service: changed } });
    expect(driftOfSettings(attempt)).toMatchObject([
      {
        class: 'settings_differ',
        before: { config_hash: 'h-1' },
        after: { config_hash: 'h-2' },
        healed: false,
      },
    ]);
    expect(decideAttemptStep(attempt)).toMatchObject({
      step: 'register',
      input: { receipt: { config_hash: 'h-1' } },
    });
    expect(driftOfSettings(attemptOf())).toEqual([]);
  });

  it('are not applied to a processed version when those of the order were never kept', () => {
    const lost = { ...changed, config_hash: 'h-2' };
    const attempt = attemptOf({ invoice: { invoice, rates, service: lost } });
    expect(decideAttemptStep(attempt)).toMatchObject({
      step: 'end',
      outcome: { outcome: 'processed', invoice: { epoch: 2, version: 4 }, config_hash: null },
    });
    expect(driftOfSettings(attempt)).toHaveLength(1);
    const newer = attemptOf({ invoice: { invoice, rates, service: lost } }, { processed_version: 3 });
    expect(decideAttemptStep(newer)).toMatchObject({ step: 'register' });
  });
});
