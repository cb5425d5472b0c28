import { describe, expect, it } from 'vitest';
import { auditChange, scheduleAudit } from '../src/audit/audit-change.ts';
import type { ChangeRow } from '../src/inbox/change.ts';

const plan = { audit_distances: [60_000, 3_600_000], audit_end_ms: 10_000_000 };
const done: ChangeRow = {
  order_id: 'order-1',
  service: 'yellow',
  seen_epoch: 1,
  seen_version: 3,
  processed_epoch: 1,
  processed_version: 3,
  hints: 4,
  answered_hints: 4,
  config_hash: 'h-1',
  asks_again: false,
  failures: 0,
  waited_ms: null,
  attention: null,
  registered: 1,
  unchanged: 0,
  stale: 0,
  next_attempt_in_ms: -5_000,
  audit_in_ms: -1_000,
  audit_step: 0,
  brought_by: 'callback',
};
const behind: ChangeRow = { ...done, processed_version: 2, audit_in_ms: null, attention: 'no service' };

describe('an audit that is due', () => {
  it('has the order processed once more, and waits for that before the next', () => {
    expect(auditChange(done)).toEqual({
      row: {
        ...done,
        hints: 5,
        brought_by: 'audit',
        next_attempt_in_ms: 0,
        audit_in_ms: null,
        audit_step: 1,
      },
      job: { key: 'order-1', payload: { order_id: 'order-1' } },
    });
  });

  it('leaves an order that is not done as it is: its next attempt compares it', () => {
    const row = { ...behind, audit_in_ms: -1_000 };
    expect(auditChange(row)).toEqual({ row: behind, job: null });
  });
});

describe('an audit that is not due', () => {
  it.each([1_000, null])('changes nothing: it is due in %s ms', (audit_in_ms) => {
    expect(auditChange({ ...done, audit_in_ms })).toBeNull();
  });
});

describe('the next audit', () => {
  const next = (stored: Partial<ChangeRow>, written: Partial<ChangeRow> = {}) =>
    scheduleAudit({ ...done, ...stored }, { ...done, ...stored, ...written }, plan);
  const audited = { audit_in_ms: null, audit_step: 1 };

  it.each<[string, ReturnType<typeof next>, object]>([
    [
      'begins with the first distance when a newer version was processed',
      next({ processed_version: 2, audit_in_ms: 1_000, audit_step: 2 }, { processed_version: 3 }),
      { audit_in_ms: 60_000, audit_step: 0 },
    ],
    [
      'begins with the first distance when a version of a newer epoch was processed',
      next(audited, { processed_epoch: 2, seen_epoch: 2, processed_version: 1, seen_version: 1 }),
      { audit_in_ms: 60_000, audit_step: 0 },
    ],
    ['is a distance further after an audit', next(audited), { audit_in_ms: 3_600_000, audit_step: 1 }],
    [
      'is no nearer for an audit that changed the target: two callers that disagree do not go on forever',
      next(audited, { registered: 2 }),
      { audit_in_ms: 3_600_000, audit_step: 1 },
    ],
    [
      'is never after the last one',
      next({ audit_in_ms: null, audit_step: 3 }),
      { audit_in_ms: null, audit_step: 3 },
    ],
    [
      'stays when something else had the order compared',
      next({ audit_in_ms: 9_000 }),
      { audit_in_ms: 9_000, audit_step: 0 },
    ],
    ['waits while the order is not done', next(behind), { audit_in_ms: null, audit_step: 0 }],
  ])('%s', (_, scheduled, expected) => {
    expect(scheduled).toEqual(expected);
  });
});
