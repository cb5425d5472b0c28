import { expect, test } from 'vitest';
import { type ChaosReport, describeReport, hasPassed, neverFired } from '../src/report.ts';

const good: ChaosReport = {
  seed: 7,
  minutes: 2,
  orders: 100,
  steps: 400,
  contended_calls: 50,
  unanswered_calls: 5,
  undecided_histories: [],
  crashed: [],
  fired: { 'kill -9 of worker': 2, '500, worker>transactions': 30 },
  skipped: { 'disk full for Postgres': 'it takes root' },
  needed_attention: 3,
  unsettled: [],
  violations: [],
  histories: [],
  seconds: 200,
};

const failures: [string, Partial<ChaosReport>, string][] = [
  [
    'an invariant that does not hold',
    { violations: [{ invariant: 1, order_id: 'order-1', detail: 'target 5, rewarded 10' }] },
    'VIOLATION of 1, what is rewarded is the newest target and what is owed, by order and source: order-1 target 5, rewarded 10',
  ],
  [
    'an order that does not settle',
    { unsettled: [{ order_id: 'order-1', detail: 'revision 2' }] },
    'UNSETTLED  order-1: revision 2',
  ],
  [
    'an order that needs attention although every fault has passed',
    { violations: [{ invariant: 17, order_id: 'order-1', detail: 'worker: operations_failed' }] },
    'VIOLATION of 17, after faults that passed no order needs a person: order-1 worker: operations_failed',
  ],
  ['a kind of fault that affected nothing', { fired: { ...good.fired, hang: 0 } }, 'NEVER HAPPENED  hang'],
  ['an app that ended by itself', { crashed: ['worker'] }, 'ENDED BY ITSELF  worker'],
];

test('a run in which every kind happened and every invariant holds has passed', () => {
  expect(hasPassed(good)).toBe(true);
  const text = describeReport(good);
  expect(text).toContain('seed 7');
  expect(text).toContain('       2  kill -9 of worker');
  expect(text).toContain('skipped  disk full for Postgres: it takes root');
  expect(text.trimEnd().split('\n').at(-1)).toBe(
    '2 kinds of fault happened, 1 skipped, 0 never; 0 violations, 0 unsettled, 200 s',
  );
});

test.each(failures)('%s fails the run, and the report names it', (_, change, line) => {
  const report = { ...good, ...change };
  expect(hasPassed(report)).toBe(false);
  expect(describeReport(report)).toContain(line);
});

test('a kind that cannot happen on this machine is skipped, and does not count as never happened', () => {
  const skipped = { ...good, fired: { ...good.fired, 'disk full for Postgres': 0 } };
  expect(neverFired(skipped)).toEqual([]);
  expect(hasPassed(skipped)).toBe(true);
});

test('the report has what the tables say about an order with a problem', () => {
  const histories = [{ order_id: 'order-1', lines: ['09:00 registered', '09:01 lost'] }];
  expect(describeReport({ ...good, histories })).toContain(
    'What the tables say about order-1, oldest first:\n  09:00 registered\n  09:01 lost\n',
  );
});
