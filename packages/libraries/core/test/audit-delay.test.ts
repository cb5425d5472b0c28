import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditByAge, auditDelay } from '../src/audit-delay.ts';

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

describe('an order that was done without a time for its audits', () => {
  const plan = { audit_distances: [MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY], audit_end_ms: 90 * DAY };

  it.each([
    ['just now', 0, { audit_step: 0, audit_in_ms: MINUTE }],
    ['a minute ago', MINUTE, { audit_step: 1, audit_in_ms: HOUR }],
    ['two days ago', 2 * DAY, { audit_step: 3, audit_in_ms: 6 * DAY + HOUR + MINUTE }],
    ['forty days ago', 40 * DAY, { audit_step: 5, audit_in_ms: 28 * DAY + HOUR + MINUTE }],
    ['before the end', 89 * DAY, { audit_step: 5, audit_in_ms: 0 }],
    ['years ago', 999 * DAY, { audit_step: 5, audit_in_ms: 0 }],
  ])('%s has the next audit of its age, or one now after the last', (_, age_ms, expected) => {
    expect(auditByAge(age_ms, plan, () => 0)).toEqual(expected);
  });

  it('has its audit up to a quarter earlier, in whole milliseconds', () => {
    expect(auditByAge(0, plan, () => 0.999_999).audit_in_ms).toBe(0.75 * MINUTE);
    expect(auditByAge(MINUTE - 2, plan, () => 0.1).audit_in_ms).toBe(2);
  });

  it('joins the audits of an order that was done with a time, whatever the distances are', () => {
    const distances = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(distances, fc.integer({ min: 0, max: 9_000 }), fc.nat(20_000), (apart, end, age) => {
        const dueAt = delaysOf(apart, end).map((_, at, delays) =>
          delays.slice(0, at + 1).reduce((total, delay) => total + delay, 0),
        );
        const next = dueAt.findIndex((due) => due > age);
        const [audit_step, audit_in_ms] =
          next < 0 ? [Math.max(0, dueAt.length - 1), 0] : [next, (dueAt[next] ?? 0) - age];
        const expected = { audit_step, audit_in_ms };
        expect(auditByAge(age, { audit_distances: apart, audit_end_ms: end }, () => 0)).toEqual(expected);
      }),
    );
  });
});
