import { describe, expect, test } from 'vitest';
import { decideFollowStep } from '../src/schedule/follow/decide-follow-step.ts';
import { createUnobservedChanges } from '../src/schedule/follow/unobserved-changes.ts';

const place = { cursor: '1.5.5', epoch: 1, reads_again: false };
const change = { invoice_id: 'order-1', invoice_epoch: 1, cashback_version: 3, operation_id: 'operation-1' };
const page = (changes: object[], cursor: string, invoice_epoch = 1) =>
  ({ kind: 'page', page: { changes, cursor, invoice_epoch, lag_ms: 0 } }) as never;
const taken = { order_id: 'order-1', cashback_epoch: 1, cashback_version: 3, operation_id: 'operation-1' };

describe('the feed of changed cashback', () => {
  test.each([
    ['a full page is taken, and the next one follows at once', place, page([change, change], '1.6.6')],
    [
      'the first page is of any epoch',
      { ...place, cursor: null, epoch: null },
      page([change, change], '1.6.6'),
    ],
  ])('%s', (_, from, answer) => {
    expect(decideFollowStep(from, answer, 2)).toEqual({
      step: 'take',
      changes: [taken, taken],
      to: { cursor: '1.6.6', epoch: 1, reads_again: false },
      is_end: false,
      more: true,
    });
  });

  test('a short page is the end for now, also of reading it again', () => {
    const { operation_id: _, ...byNoOperation } = change;
    expect(decideFollowStep({ ...place, reads_again: true }, page([byNoOperation], '1.6.6'), 2)).toEqual({
      step: 'take',
      changes: [{ ...taken, operation_id: null }],
      to: { cursor: '1.6.6', epoch: 1, reads_again: false },
      is_end: true,
      more: false,
    });
  });

  test('a cursor that stands still is not read again and again', () => {
    expect(decideFollowStep(place, page([change, change], '1.5.5'), 2)).toMatchObject({
      changes: [],
      more: false,
    });
  });

  test.each([
    ['a refused cursor', { kind: 'cursor_refused', message: 'ahead' } as const, 1],
    ['a new epoch', page([], '7.1.1', 7), 7],
    ['an older epoch', page([change], '0.1.1', 0), 0],
  ])('%s starts it over', (_, answer, epoch) => {
    expect(decideFollowStep(place, answer, 2)).toMatchObject({
      step: 'start_over',
      to: { cursor: null, epoch, reads_again: true },
    });
  });

  test('a missing route, or a feed that refuses its beginning, is left alone for a while', () => {
    const refused = { kind: 'cursor_refused', message: 'no' } as const;
    expect(decideFollowStep({ ...place, cursor: null }, refused, 2)).toEqual({ step: 'wait', reason: 'no' });
    expect(decideFollowStep(place, { kind: 'not_offered', message: '404' }, 2)).toMatchObject({
      step: 'wait',
    });
  });
});

describe('a foreign change', () => {
  const foreign = { order_id: 'order-1', cashback_epoch: 1, cashback_version: 3, is_observed: false };
  const { is_observed: _, ...version } = foreign;

  test('is checked until its version was observed, a few times at most', () => {
    let now = 0;
    const unobserved = createUnobservedChanges(() => now);
    unobserved.add([foreign, { ...foreign, order_id: 'order-2', is_observed: true }]);
    expect(unobserved.take()).toEqual([]);
    let checks = 0;
    for (let turn = 0; turn < 20; turn += 1) {
      now += 10_000;
      const taken = unobserved.take();
      if (taken.length === 0) break;
      expect(taken).toEqual([{ ...version, operation_id: null }]);
      checks += 1;
      unobserved.keep([foreign]);
    }
    expect(checks).toBe(5);
  });

  test('is forgotten once it was observed', () => {
    let now = 0;
    const unobserved = createUnobservedChanges(() => now);
    unobserved.add([foreign]);
    now += 10_000;
    expect(unobserved.take()).toHaveLength(1);
    unobserved.keep([]);
    now += 10_000;
    expect(unobserved.take()).toEqual([]);
  });
});
