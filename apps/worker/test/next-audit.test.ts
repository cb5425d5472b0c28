import { describe, expect, test } from 'vitest';
import { auditAfter, auditOfStep } from '../src/reconcile/next-audit.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const audits = { audit_distances: [MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY], audit_end_ms: 90 * DAY };
const context = { audits, random: () => 0 };

test.each([
  [0, MINUTE],
  [1, HOUR],
  [2, DAY],
  [3, 7 * DAY],
  [4, 30 * DAY],
  [5, 30 * DAY],
  [6, null],
])('after %i audits the next one is due in %s ms', (audit_step, audit_in_ms) => {
  expect(auditAfter(audit_step, context)).toEqual({ audit_step, audit_in_ms });
});

test('jitter makes an audit earlier, by a quarter at most, so that the last one is not beyond the end', () => {
  expect(auditAfter(2, { audits, random: () => 0.999_999 }).audit_in_ms).toBeCloseTo(0.75 * DAY, -4);
});

describe('a step', () => {
  const order = { revision: 2, settled_revision: 2, audit_at: null, audit_step: 0 };
  const unsettled = { ...order, settled_revision: 1 };
  const planned = { audit_at: new Date(0), audit_step: 3 };
  const first = { audit_step: 0, audit_in_ms: MINUTE };
  const none = { audit_step: 0, audit_in_ms: null };

  test.each([
    ['that settles an order begins its audits', unsettled, { action: 'settle' }, first],
    ['that settles it again begins them again', { ...unsettled, ...planned }, { action: 'settle' }, first],
    ['that finds it settled keeps its time', { ...order, ...planned }, { action: 'settle' }, null],
    [
      'that finds it settled after its last audit adds none',
      { ...order, audit_step: 6 },
      { action: 'settle' },
      null,
    ],
    ['that finds it settled and never audited begins them', order, { action: 'settle' }, first],
    [
      'that cannot use the answer keeps its time',
      { ...order, ...planned },
      { action: 'poll', reopened: false },
      null,
    ],
    ['that reopens it ends its audits', { ...order, ...planned }, { action: 'send', reopened: true }, none],
    [
      'that works on a new target ends them',
      { ...unsettled, ...planned },
      { action: 'send', reopened: false },
      none,
    ],
    ['of an order without audits writes none', unsettled, { action: 'send', reopened: false }, null],
  ])('%s', (_, from, step, expected) => {
    expect(auditOfStep(from, step, context)).toEqual(expected);
  });
});
