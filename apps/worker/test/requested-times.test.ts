import { expect, test } from 'vitest';
import { type ScheduledRow, pollTrigger, requestedTimes } from '../src/schedule/poll-times.ts';

const [NOW, LEASE_MS] = [1_000_000, 30_000];
const row: ScheduledRow = {
  order_id: 'order-1',
  revision: 2,
  settled_revision: 2,
  operation_id: null,
  attention: null,
  poll_at: null,
  next_charge_at: 0,
  answered_at: null,
  audit_at: null,
  audit_step: 0,
  due_by: null,
  requests: 0,
};

test.each<[string, Partial<ScheduledRow>, number | undefined]>([
  ['has no time is leased, so that a crash does not lose the callback', {}, NOW + LEASE_MS],
  ['has a time keeps it', { poll_at: NOW + 1 }, undefined],
  ['has an open operation is left to the poll of that', { operation_id: 'operation-1' }, undefined],
])('an order that a callback is about and that %s', (_, changes, poll_at) => {
  expect(requestedTimes({ ...row, ...changes }, LEASE_MS, NOW).poll_at).toBe(poll_at);
});

test('the trigger of a poll is what made the order due, or its own time', () => {
  expect([pollTrigger({ due_by: 'audit' }), pollTrigger({ due_by: null })]).toEqual(['audit', 'poll']);
});
