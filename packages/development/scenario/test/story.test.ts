import { describe, expect, test } from 'vitest';
import { generateOrders } from '../src/orders/generate-orders.ts';
import { planStory } from '../src/play/story.ts';

describe('a seed repeats itself', () => {
  test('the same seed gives the same orders and the same stories', () => {
    const plan = () => generateOrders(50, 7).map((order) => planStory(order, 7));
    expect(plan()).toEqual(plan());
  });
  test('another seed gives other orders', () => {
    expect(generateOrders(50, 7)).not.toEqual(generateOrders(50, 8));
  });
  test('more orders do not change the first ones', () => {
    expect(generateOrders(100, 7).slice(0, 50)).toEqual(generateOrders(50, 7));
  });
});

describe('the stories of 500 orders', () => {
  const stories = generateOrders(500, 1).map((order) => planStory(order, 1));
  const steps = stories.flatMap(({ rounds }) => rounds.flat());

  test('contain every kind of change', () => {
    const changes = new Set(steps.flatMap((step) => (step.kind === 'update' ? [step.why] : [])));
    expect(changes).toEqual(new Set(['clear', 'refund_part', 'refund_all', 'clear_again', 'cancel']));
    expect(steps.some(({ kind }) => kind === 'replay_callbacks')).toBe(true);
    expect(steps.some(({ kind }) => kind === 'spend')).toBe(true);
  });
  test('freeze the rates before anything is cleared', () => {
    for (const { rounds } of stories) {
      const kinds = rounds.flat().map(({ kind }) => kind);
      expect(kinds.slice(0, 2)).toEqual(['hold', 'freeze_rates']);
    }
  });
  test('change nothing after a cancellation', () => {
    for (const { rounds } of stories) {
      const updates = rounds.flat().filter((step) => step.kind === 'update');
      const cancelled = updates.findIndex(({ status }) => status === 'cancelled');
      expect(cancelled === -1 || cancelled === updates.length - 1).toBe(true);
    }
  });
});
