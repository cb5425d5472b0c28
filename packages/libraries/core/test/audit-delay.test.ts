import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditDelay } from '../src/audit-delay.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function delaysOf(audit_distances: readonly number[], audit_end_ms: number): number[] {
  const delays: number[] = [];
  for (;;) {
    const delay = auditDelay(delays.length, { audit_distances, audit_end_ms });
    if (delay === null) return delays;
    delays.push(delay);
  }
}

describe('the audits of an order', () => {
  it('are a minute, an hour, a day, a week and a month apart, then a month, to an end', () => {
    expect(delaysOf([MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY], 90 * DAY)).toEqual([
      MINUTE,
      HOUR,
      DAY,
      7 * DAY,
      30 * DAY,
      30 * DAY,
    ]);
  });

  it('are none without a distance, or with the end before the first', () => {
    expect(delaysOf([], 90 * DAY)).toEqual([]);
    expect(delaysOf([HOUR], HOUR - 1)).toEqual([]);
  });

  it('never lie beyond the end, and one more would', () => {
    const distances = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(distances, fc.integer({ min: 0, max: 10_000 }), (apart, end) => {
        const delays = delaysOf(apart, end);
        const sum = delays.reduce((total, delay) => total + delay, 0);
        const next = apart[delays.length] ?? apart.at(-1) ?? 0;
        return sum <= end && sum + next > end;
      }),
    );
  });
});
