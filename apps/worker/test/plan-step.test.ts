import { expect, test } from 'vitest';
import { planStep } from '../src/reconcile/plan-step.ts';
import { charge, context, observed, order, written } from './support/step-builders.ts';

const { audits } = written;
const plan = { step: context, audit: { audits, random: () => 0 } };

test('a step is decided on the order as it was before the observation, and as it is now', () => {
  const observation = observed(100_000n);
  const now = charge();
  expect(planStep({ order: now.order, observation, found_by: 'poll' }, now, plan)).toMatchObject({
    step: { action: 'settle' },
    sending: null,
    due_now: false,
  });
  const seen = order({ revision: 1 });
  expect(planStep({ order: seen, observation, found_by: 'poll' }, now, plan)).toMatchObject({
    step: { action: 'retry_now' },
    due_now: true,
  });
});

test('the operation that is sent is the one whose row is written, for the order as it is now', () => {
  const now = charge({ waited_ms: 7 });
  const { writes, sending } = planStep(
    { order: order(), observation: observed(0n), found_by: 'job' },
    now,
    plan,
  );
  expect(writes.operations).toHaveLength(1);
  expect(sending).toEqual({ order: now.order, operation: writes.operations[0], repeated: false });
});

test('a request that came during the observation keeps the order due', () => {
  const now = charge({ requests: 5, answered_requests: 3 });
  const observation = observed(100_000n);
  const planned = (requests: number): boolean =>
    planStep({ order: order({ requests }), observation, found_by: 'poll' }, now, plan).due_now;
  expect([planned(4), planned(5)]).toEqual([true, false]);
});

test('a drift names the trigger of the run that found it', () => {
  const now = charge({ settled_revision: 2, rewarded: [{ source: 'user', amount: '10.0000' }] });
  const { writes } = planStep({ order: now.order, observation: observed(0n), found_by: 'feed' }, now, plan);
  expect(writes.drifts).toMatchObject([{ found_by: 'feed' }]);
});
