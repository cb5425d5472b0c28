import { describe, expect, it } from 'vitest';
import { createOwnFailures } from '../src/index.ts';

function failures(max_items?: number) {
  let time = 0;
  const own = createOwnFailures({
    without_news_ms: 100,
    now: () => time,
    ...(max_items !== undefined && { max_items }),
  });
  let count = 0;
  const others = (succeeded: number, failed = 0): void => {
    for (let n = 0; n < succeeded; n += 1) own.succeeded(`fine-${n}`);
    for (let n = 0; n < failed; n += 1) own.failed(`other-${(count += 1)}`);
  };
  const failsAfter = (pause_ms: number) => {
    time += pause_ms;
    return own.failed('order-1');
  };
  return { own, others, failsAfter };
}

describe('a failure', () => {
  it('is the own one of an item whose attempts fail while those at others succeed', () => {
    const { others, failsAfter } = failures();
    expect(failsAfter(0)).toBe('unknown');
    others(1);
    expect(failsAfter(10)).toBe('item');
    others(3, 1);
    expect(failsAfter(20)).toBe('item');
  });

  it('is that of a side which fails for all, however long it lasts', () => {
    const { others, failsAfter } = failures();
    failsAfter(0);
    others(1);
    failsAfter(10);
    for (let n = 0; n < 50; n += 1) {
      others(0, 5);
      expect(failsAfter(50)).toBe('side');
    }
    expect(failsAfter(50)).toBe('side');
    others(1);
    expect(failsAfter(10)).toBe('item');
  });

  it('is that of a side which fails for as many as it does not', () => {
    const { others, failsAfter } = failures();
    failsAfter(0);
    others(3, 3);
    expect(failsAfter(10)).toBe('side');
  });

  it('in a row of another item hides no other, however often it fails', () => {
    const { own, others, failsAfter } = failures();
    const repeated = (): void => {
      for (let n = 0; n < 5; n += 1) own.failed('order-2');
    };
    failsAfter(0);
    repeated();
    expect(failsAfter(10)).toBe('side');
    for (let n = 0; n < 3; n += 1) {
      repeated();
      others(1);
      repeated();
      expect([failsAfter(10), own.failed('order-2')]).toEqual(['item', 'item']);
    }
  });

  it('of its own stays so for a time in a system that attempts nothing else, and of a side until it works', () => {
    const { others, failsAfter } = failures();
    expect([failsAfter(0), failsAfter(10)]).toEqual(['unknown', 'unknown']);
    others(1);
    expect([failsAfter(10), failsAfter(50), failsAfter(50), failsAfter(1)]).toEqual([
      'item',
      'item',
      'item',
      'unknown',
    ]);
    others(0, 1);
    expect([failsAfter(10), failsAfter(1_000)]).toEqual(['side', 'side']);
  });

  it.each(['succeeded', 'forget'] as const)('is the first one again after %s', (how) => {
    const { own, others, failsAfter } = failures();
    failsAfter(0);
    others(1);
    failsAfter(10);
    own[how]('order-1');
    others(1);
    expect(failsAfter(10)).toBe('unknown');
  });

  it('is forgotten for a newer one when there are too many', () => {
    const { own, others, failsAfter } = failures(2);
    failsAfter(0);
    own.failed('order-2');
    own.failed('order-3');
    others(9);
    expect(failsAfter(10)).toBe('unknown');
    expect(own.failed('order-3')).toBe('item');
  });
});
