import { describe, expect, it } from 'vitest';
import { createOwnFailures } from '../src/index.ts';

function failures(max_items?: number) {
  let time = 0;
  const own = createOwnFailures({
    max_pause_ms: 100,
    now: () => time,
    ...(max_items !== undefined && { max_items }),
  });
  const others = (succeeded: number, failed = 0): void => {
    for (let n = 0; n < succeeded; n += 1) own.succeeded(`fine-${n}`);
    for (let n = 0; n < failed; n += 1) own.failed(`other-${n}-${time}`);
  };
  const failsAfter = (pause_ms: number) => {
    time += pause_ms;
    return own.failed('order-1');
  };
  return { own, others, failsAfter };
}

describe('a failure', () => {
  it('is the own one of an item whose attempts fail while those at others succeed, for as long as that lasts', () => {
    const { others, failsAfter } = failures();
    expect(failsAfter(0)).toEqual({ is_own: false, own_ms: 0 });
    others(1);
    expect(failsAfter(10)).toEqual({ is_own: true, own_ms: 10 });
    others(3, 1);
    expect(failsAfter(20)).toEqual({ is_own: true, own_ms: 30 });
  });

  it('of a whole side counts for nothing, however long it lasts, and what was counted before stays', () => {
    const { others, failsAfter } = failures();
    failsAfter(0);
    others(1);
    failsAfter(10);
    for (let n = 0; n < 50; n += 1) {
      others(0, 5);
      expect(failsAfter(50)).toEqual({ is_own: false, own_ms: 10 });
    }
    others(1);
    expect(failsAfter(10)).toEqual({ is_own: true, own_ms: 20 });
  });

  it('counts for nothing while a side fails more often than not, and while nothing else is attempted', () => {
    const { others, failsAfter } = failures();
    failsAfter(0);
    others(3, 3);
    expect(failsAfter(10)).toEqual({ is_own: false, own_ms: 0 });
    expect(failsAfter(10)).toEqual({ is_own: false, own_ms: 0 });
  });

  it('of its own does not count against the other items that fail', () => {
    const { own, others, failsAfter } = failures();
    failsAfter(0);
    own.failed('order-2');
    others(3);
    expect(own.failed('order-2').is_own).toBe(true);
    others(1);
    own.failed('order-2');
    own.failed('order-2');
    expect(failsAfter(10).is_own).toBe(true);
  });

  it.each(['succeeded', 'forget'] as const)('is the first one again after %s', (how) => {
    const { own, others, failsAfter } = failures();
    failsAfter(0);
    others(1);
    failsAfter(10);
    own[how]('order-1');
    others(1);
    expect(failsAfter(10)).toEqual({ is_own: false, own_ms: 0 });
  });

  it('after a long pause counts for no more than the longest one', () => {
    const { others, failsAfter } = failures();
    failsAfter(0);
    others(1);
    expect(failsAfter(10_000)).toEqual({ is_own: true, own_ms: 100 });
  });

  it('is forgotten for a newer one when there are too many', () => {
    const { own, others, failsAfter } = failures(2);
    failsAfter(0);
    own.failed('order-2');
    own.failed('order-3');
    others(9);
    expect(failsAfter(10)).toEqual({ is_own: false, own_ms: 0 });
    expect(own.failed('order-3').is_own).toBe(true);
  });
});
