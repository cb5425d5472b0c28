import { describe, expect, test } from 'vitest';
import { decideRegister } from '../src/decide-register.ts';
import { type RegisterCase, callOf, decided, storedOf } from './register-builders.ts';

describe('decideRegister', () => {
  const cases: RegisterCase[] = [
    {
      guarantee: 'the first register of an order is revision 1',
      stored: null,
      call: { by_source: { user: 10n, service: 5n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 1,
        target: { user: 10n, service: 5n },
        changes: [
          { source: 'user', value: 10n },
          { source: 'service', value: 5n },
        ],
      },
    },
    {
      guarantee: 'the first register is registered even when every source is zero, without an event',
      stored: null,
      call: { by_source: { user: 0n, service: 0n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 1,
        target: { user: 0n, service: 0n },
        changes: [],
      },
    },
    {
      guarantee: 'the first register is registered even when it names no source',
      stored: null,
      call: { by_source: {} },
      decision: { outcome: 'registered', invoice_epoch: 1, revision: 1, target: {}, changes: [] },
    },
    {
      guarantee: 'an older caller registers its sum as all of it user',
      stored: null,
      call: { by_source: null, sum: 10n },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 1,
        target: { user: 10n },
        changes: [{ source: 'user', value: 10n }],
      },
    },
    {
      guarantee: 'a caller that expects no order creates it',
      stored: null,
      call: { expected_revision: 0 },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 1,
        target: { user: 10n },
        changes: [{ source: 'user', value: 10n }],
      },
    },
    {
      guarantee: 'a caller that expects an order that does not exist starts over',
      stored: null,
      call: { expected_revision: 3 },
      decision: {
        outcome: 'refused',
        code: 'REVISION_CONFLICT',
        details: { expected_revision: 3, revision: 0 },
      },
    },
    {
      guarantee: 'another target is the next revision, with an event for the changed source only',
      stored: { target: { user: 10n, service: 5n } },
      call: { by_source: { user: 11n, service: 5n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 11n, service: 5n },
        changes: [{ source: 'user', value: 11n }],
      },
    },
    {
      guarantee: 'another target of the same invoice version is registered too',
      call: { invoice_version: 5, by_source: { user: 11n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 11n },
        changes: [{ source: 'user', value: 11n }],
      },
    },
    {
      guarantee: 'a source that the order had and the call omits becomes 0',
      stored: { target: { user: 10n, service: 5n } },
      call: { by_source: { user: 10n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 10n, service: 0n },
        changes: [{ source: 'service', value: 0n }],
      },
    },
    {
      guarantee: 'an empty list of sources sets every source to 0',
      stored: { target: { user: 10n, service: 5n } },
      call: { by_source: {} },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 0n, service: 0n },
        changes: [
          { source: 'user', value: 0n },
          { source: 'service', value: 0n },
        ],
      },
    },
    {
      guarantee: 'the same sum from other sources is another target',
      stored: { target: { user: 10n, service: 5n } },
      call: { by_source: { user: 5n, service: 10n }, sum: 15n },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 5n, service: 10n },
        changes: [
          { source: 'user', value: 5n },
          { source: 'service', value: 10n },
        ],
      },
    },
    {
      guarantee: 'the same target is unchanged',
      call: {},
      decision: { outcome: 'unchanged', newer_version: false, invoice_epoch: 1 },
    },
    {
      guarantee: 'the same target of a newer invoice version is unchanged, and the version is stored',
      call: { invoice_version: 6 },
      decision: { outcome: 'unchanged', newer_version: true, invoice_epoch: 1 },
    },
    {
      guarantee: 'an absent source is the same target as zero',
      call: { by_source: { user: 10n, service: 0n } },
      decision: { outcome: 'unchanged', newer_version: false, invoice_epoch: 1 },
    },
    {
      guarantee: 'a call repeated after a lost answer is unchanged, though its expected revision has passed',
      call: { expected_revision: 2 },
      decision: { outcome: 'unchanged', newer_version: false, invoice_epoch: 1 },
    },
    {
      guarantee: 'a sum that equals its sources is accepted',
      call: { by_source: { user: 7n, service: 4n }, sum: 11n },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 7n, service: 4n },
        changes: [
          { source: 'user', value: 7n },
          { source: 'service', value: 4n },
        ],
      },
    },
    {
      guarantee: 'a sum that differs from its sources is refused',
      call: { by_source: { user: 7n, service: 4n }, sum: 12n },
      decision: {
        outcome: 'refused',
        code: 'SUM_MISMATCH',
        details: { cashback_sum: '0.0012', sum_by_source: '0.0011' },
      },
    },
    {
      guarantee: 'a wrong sum is refused before any other check',
      call: { sum: 12n, invoice_version: 4, currency: 'EUR' },
      decision: {
        outcome: 'refused',
        code: 'SUM_MISMATCH',
        details: { cashback_sum: '0.0012', sum_by_source: '0.0010' },
      },
    },
    {
      guarantee: 'the service of an order never changes',
      call: { service: 'green' },
      decision: {
        outcome: 'refused',
        code: 'IMMUTABLE_FIELD',
        details: { field: 'service', stored: 'yellow', received: 'green' },
      },
    },
    {
      guarantee: 'the user of an order never changes',
      call: { user_id: 'user-2' },
      decision: {
        outcome: 'refused',
        code: 'IMMUTABLE_FIELD',
        details: { field: 'user_id', stored: 'user-1', received: 'user-2' },
      },
    },
    {
      guarantee: 'the wallet of an order never changes',
      call: { wallet_id: 'wallet-2' },
      decision: {
        outcome: 'refused',
        code: 'IMMUTABLE_FIELD',
        details: { field: 'wallet_id', stored: 'wallet-1', received: 'wallet-2' },
      },
    },
    {
      guarantee: 'the currency of an order never changes, not even in a call that is stale',
      call: { currency: 'EUR', invoice_version: 4 },
      decision: {
        outcome: 'refused',
        code: 'IMMUTABLE_FIELD',
        details: { field: 'currency', stored: 'USD', received: 'EUR' },
      },
    },
    {
      guarantee: "an older caller's sum replaces the user's amount",
      stored: { target: { user: 10n, service: 0n } },
      call: { by_source: null, sum: 12n },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 12n, service: 0n },
        changes: [{ source: 'user', value: 12n }],
      },
    },
    {
      guarantee: "an older caller's equal sum is unchanged, whichever sources fund it",
      stored: { target: { user: 10n, service: 5n } },
      call: { by_source: null, sum: 15n, invoice_version: 6 },
      decision: { outcome: 'unchanged', newer_version: true, invoice_epoch: 1 },
    },
    {
      guarantee: "an older caller's other sum is refused when another source funds too",
      stored: { target: { user: 10n, service: 5n } },
      call: { by_source: null, sum: 10n },
      decision: {
        outcome: 'refused',
        code: 'SOURCE_SPLIT_REQUIRED',
        details: {
          cashback_sum: '0.0010',
          stored_sum: '0.0015',
          stored_by_source: [
            { source: 'user', value: '0.0010' },
            { source: 'service', value: '0.0005' },
          ],
        },
      },
    },
  ];
  test.each(cases)('$guarantee', (given) => {
    const { message, ...decision } = decided(given);
    expect(decision).toEqual(given.decision);
    expect(message === null).toBe(given.decision.outcome !== 'refused');
  });

  test('names an immutable field and both values', () => {
    const decided = decideRegister(storedOf(), callOf({ wallet_id: 'wallet-2' }));
    expect(decided).toMatchObject({
      message: 'a register never changes wallet_id of an order: expected "wallet-1", got "wallet-2"',
    });
  });

  test('refuses a call without any amount', () => {
    expect(() => decideRegister(null, callOf({ by_source: null, sum: null }))).toThrow(TypeError);
  });
});
