import { describe, expect, test } from 'vitest';
import { decideStep } from '../src/reconcile/decide-step.ts';
import { stepWrites } from '../src/reconcile/writes.ts';
import { charge, context, limits, missing, observed, order, written } from './support/step-builders.ts';

const HELD = {
  service: 'yellow',
  currency: 'EUR',
  allowed: [],
  window_start: '2026-01-01T00:00:00.000Z',
  window_s: 60,
  growth: '2.0000',
  max_growth: '1.0000',
};

function needing(attention_code: string, cashback_version = 7) {
  return {
    attention: 'stated before',
    attention_code,
    attention_details: { stated: true },
    attention_since: new Date('2026-01-01T00:00:00Z'),
    cashback_version,
    ...(attention_code === 'held_by_breaker' && { hold: HELD }),
  };
}

const kept = (code: string) => ({
  action: 'need_attention',
  attention: { code, reason: 'stated before', details: { stated: true } },
});

describe('an answer that shows nothing of the cause leaves the attention as it is', () => {
  test.each(['wallet_forbids_negative', 'held_by_breaker', 'moved_by_hand', 'foreign_writer', 'owed'])(
    'when the invoice is missing: %s',
    (code) => {
      const changes = needing(code);
      const step = decideStep(order(changes), missing, charge(changes), context);
      expect(step).toMatchObject(kept(code));
      const late = { ...changes, waited_ms: limits.attention_after_ms + 1 };
      expect(decideStep(order(late), missing, charge(late), context)).toMatchObject(kept(code));
    },
  );

  test.each(['wallet_forbids_negative', 'held_by_breaker', 'moved_by_hand', 'owed'])(
    'when the answer is older than what was seen before: %s',
    (code) => {
      const changes = needing(code, 9);
      const step = decideStep(order(changes), observed(100_000n), charge(changes), context);
      expect(step).toMatchObject(kept(code));
    },
  );

  test('a cause that only observing shows is stated as it is now', () => {
    const changes = { ...needing('observation_unreadable'), waited_ms: limits.attention_after_ms + 1 };
    expect(decideStep(order(changes), missing, charge(changes), context)).toMatchObject({
      action: 'need_attention',
      attention: { code: 'observation_missing' },
    });
  });
});

describe('an order shows the rewarded that was observed last', () => {
  const settled = {
    settled_revision: 2,
    cashback_version: 7,
    rewarded: [{ source: 'user' as const, amount: '10.0000' }],
  };

  function rewardedAfter(changes: Parameters<typeof order>[0], observation = observed(30_000n)) {
    const before = charge(changes);
    const step = decideStep(order(changes), observation, before, context);
    return stepWrites(before, step, observation, written).updates[0]?.rewarded ?? null;
  }

  test('also of money that was moved by hand', () => {
    const { cashback } = observed(30_000n);
    const operations = [{ operation_id: 'x', status: 'success' as const, reward: { user: 100_000n } }];
    const moved = { outcome: 'observed' as const, cashback: { ...cashback, version: 9, operations } };
    expect(rewardedAfter(settled, moved)).toEqual([{ source: 'user', amount: '3.0000' }]);
  });

  test('an unsettled order shows a change by another while it waits', () => {
    expect(rewardedAfter({ ...settled, settled_revision: 1 }, observed(30_000n, 'in-progress'))).toEqual([
      { source: 'user', amount: '3.0000' },
    ]);
  });

  test('a settled order keeps its amounts while another operation runs, which may end well', () => {
    expect(rewardedAfter(settled, observed(30_000n, 'in-progress'))).toBeNull();
  });

  test('an older answer changes nothing', () => {
    expect(rewardedAfter({ ...settled, settled_revision: 1, cashback_version: 9 })).toBeNull();
  });
});
