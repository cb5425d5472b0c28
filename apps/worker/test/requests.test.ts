import { makeDue } from '@cashback/cashback-db';
import { withTransaction } from '@cashback/postgres';
import { readUntil } from '@cashback/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decideStep } from '../src/reconcile/decide-step.ts';
import type { Observation } from '../src/reconcile/observe-invoice.ts';
import { answerWrites, stepWrites } from '../src/reconcile/writes.ts';
import { dueTimes } from '../src/schedule/poll-times.ts';
import { type Harness, createHarness, newOrderId } from './support/harness.ts';
import {
  charge,
  context,
  flying,
  missing,
  observed,
  order,
  unreachable,
  written,
} from './support/step-builders.ts';

describe('a request for an observation', () => {
  const settled = { settled_revision: 2, rewarded: [{ source: 'user' as const, amount: '10.0000' }] };
  const listed = { cashback_version: 0, operation_id: 'operation-1' };

  test.each([
    ['settles', settled, 100_000n],
    ['sends', {}, 0n],
    ['polls', listed, 0n],
  ])('stays open until a step that began after it %s', (_, changes, paid) => {
    const found = charge({ ...changes, requests: 5, answered_requests: 3 });
    const step = decideStep(found.order, observed(paid), found, context);
    const updatesOf = (seen_requests: number) =>
      stepWrites(found, step, observed(paid), { ...written, seen_requests }).updates;
    expect(updatesOf(4)).toMatchObject([{ answered_requests: 4, poll_in_ms: 0 }]);
    const [answered] = updatesOf(5);
    expect(answered?.answered_requests).toBe(5);
    expect(answered?.poll_in_ms).not.toBe(0);
  });

  test('stays open when the order moved on and the observation decides nothing', () => {
    const found = charge({ revision: 3, requests: 5, answered_requests: 3 });
    const step = decideStep(order(), observed(0n), found, context);
    const { updates } = stepWrites(found, step, observed(0n), { ...written, seen_requests: 5 });
    expect([step.action, updates]).toMatchObject(['retry_now', [{ answered_requests: 3, poll_in_ms: 0 }]]);
  });

  test.each<[string, Observation]>([
    ['that had no answer', unreachable()],
    ['with an answer that cannot be used', missing],
  ])('stays open at an observation %s, and waits as the poll does', (_, nothing) => {
    const found = charge({ ...settled, requests: 5, answered_requests: 3 });
    const step = decideStep(found.order, nothing, found, context);
    const updatesOf = (seen_requests: number) =>
      stepWrites(found, step, nothing, { ...written, seen_requests }).updates;
    expect(step).toMatchObject({ action: 'poll', wait_ms: expect.any(Number) });
    const wait_ms = 'wait_ms' in step ? step.wait_ms : 0;
    expect(wait_ms).toBeGreaterThan(0);
    expect(updatesOf(5)).toMatchObject([{ answered_requests: 3, poll_in_ms: wait_ms }]);
    expect(updatesOf(4)).toMatchObject([{ answered_requests: 3, poll_in_ms: 0 }]);
  });

  test('keeps an order due that an earlier observation settles, after a later one saw nothing', () => {
    const found = charge({ requests: 1 });
    const blind = decideStep(found.order, unreachable(), found, context);
    const [update] = stepWrites(found, blind, unreachable(), { ...written, seen_requests: 1 }).updates;
    const later = charge({ requests: 1, answered_requests: update?.answered_requests ?? 1 });
    const step = decideStep(order(), observed(100_000n), later, context);
    const { updates } = stepWrites(later, step, observed(100_000n), { ...written, seen_requests: 0 });
    expect([step.action, updates]).toMatchObject(['settle', [{ answered_requests: 0, poll_in_ms: 0 }]]);
  });

  test('is not answered by the answer to an operation, which observes nothing', () => {
    const attention = { code: 'operations_rejected', reason: 'no', details: {} } as const;
    const learned = { ended: null, version: null, attention, attention_wait_ms: 60_000 };
    const pollAfter = (requests: number) =>
      answerWrites(order({ operation_id: 'operation-1', requests, answered_requests: 3 }), flying, learned)
        ?.updates;
    expect(pollAfter(3)).toMatchObject([{ answered_requests: 3, poll_in_ms: 60_000 }]);
    expect(pollAfter(4)).toMatchObject([{ answered_requests: 3, poll_in_ms: 0 }]);
  });

  test('makes an order due, and keeps the attempt that a balance triggered', () => {
    const row = { poll_at: 1_000, requests: 3, due_by: null };
    expect(dueTimes(row, 'feed', 500)).toEqual({ poll_at: 500, requests: 4, due_by: 'feed' });
    const waiting = { ...row, due_by: 'balance' as const };
    expect(dueTimes(waiting, 'feed', 2_000)).toEqual({ poll_at: 1_000, requests: 4, due_by: 'balance' });
  });
});

describe('a running worker', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await createHarness();
  });
  afterEach(() => harness.stopWorkers());
  afterAll(() => harness.stop());

  test('observes an order again after a request that came during the step which settled it', async () => {
    const orderId = newOrderId('requested');
    harness.outside.addInvoice(orderId);
    await harness.register(orderId, '10');
    await harness.startWorker();
    await harness.untilSettled(orderId);
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    harness.outside.intercept_of.set(orderId, async ({ path }, honest) => {
      const answer = honest();
      if (path !== '/v2/invoice/retrieve') return answer;
      arrive();
      await asked;
      return answer;
    });
    const request = (reason: 'job' | 'reconcile') =>
      withTransaction(harness.database, (tx) => makeDue(tx, [orderId], reason));
    await request('job');
    await arrived;
    const before = harness.outside.retrieves(orderId);
    await request('reconcile');
    expect(await harness.order(orderId)).toMatchObject({ due_by: 'reconcile' });
    ask();
    const end = await readUntil(
      () => harness.order(orderId),
      ({ requests, answered_requests }) => requests === answered_requests,
    );
    expect(harness.outside.retrieves(orderId)).toBeGreaterThan(before);
    expect(end).toMatchObject({ settled_revision: 1, due_by: null, requests: 2 });
  });
});
