import { describe, expect, test } from 'vitest';
import { decideFollowStep } from '../src/schedule/follow/decide-follow-step.ts';
import { createUnobservedChanges } from '../src/schedule/follow/unobserved-changes.ts';

const now = new Date('2026-03-01T12:00:00Z');
const reading = { page_size: 2, lag_bound_ms: 0, now };
const place = { cursor: '1.5.5', epoch: 1, reads_again: false, behind_since: null };
const behind = { ...place, behind_since: now };
const change = { invoice_id: 'order-1', invoice_epoch: 1, cashback_version: 3, operation_id: 'operation-1' };
const page = (changes: object[], cursor: string, invoice_epoch = 1) =>
  ({ page: { changes, cursor, invoice_epoch, lag_ms: 0 } }) as never;
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
    expect(decideFollowStep(from, answer, reading)).toEqual({
      step: 'take',
      changes: [taken, taken],
      to: { ...place, cursor: '1.6.6' },
      lag_ms: null,
      more: true,
    });
  });

  test('a short page is the end for now, also of reading it again', () => {
    const { operation_id: _, ...byNoOperation } = change;
    expect(
      decideFollowStep({ ...place, reads_again: true }, page([byNoOperation], '1.6.6'), reading),
    ).toEqual({
      step: 'take',
      changes: [{ ...taken, operation_id: null }],
      to: { ...place, cursor: '1.6.6' },
      lag_ms: 0,
      more: false,
    });
  });

  test('a cursor that stands still is not read again and again', () => {
    expect(decideFollowStep(place, page([change, change], '1.5.5'), reading)).toMatchObject({
      changes: [],
      more: false,
    });
  });

  test.each([
    ['a refused cursor that stays refused', behind, { refused: 'ahead' }, null],
    ['a new epoch', place, page([], '7.1.1', 7), 7],
    ['an older epoch that stays', behind, page([change], '0.1.1', 0), 0],
  ])('%s starts it over', (_, from, answer, epoch) => {
    expect(decideFollowStep(from, answer, reading)).toMatchObject({
      step: 'start_over',
      to: { cursor: null, epoch, reads_again: true },
    });
  });

  test.each([
    ['a refused cursor', { refused: 'ahead' }],
    ['an older epoch', page([change], '0.1.1', 0)],
  ])('%s is that of a replica that lags at first: the place is kept', (_, answer) => {
    expect(decideFollowStep(place, answer, reading)).toMatchObject({ step: 'behind', to: behind });
  });

  test('a missing route, or a feed that refuses its beginning, is left alone for a while', () => {
    const beginning = { ...place, cursor: null };
    expect(decideFollowStep(beginning, { refused: 'no' }, reading)).toEqual({ step: 'wait', reason: 'no' });
    expect(decideFollowStep(place, { not_offered: '404' }, reading)).toMatchObject({ step: 'wait' });
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
    const checked: number[] = [];
    for (now = 0; now <= 600_000; now += 1_000) {
      const taken = unobserved.take();
      if (taken.length === 0) continue;
      expect(taken).toEqual([{ ...version, operation_id: null }]);
      checked.push(now);
      unobserved.keep([foreign]);
    }
    // Longer than a replica may lag before it counts as a restore.
    expect(checked).toEqual([3_000, 9_000, 21_000, 45_000, 69_000, 93_000, 117_000]);
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
