import { describe, expect, test } from 'vitest';
import { type RegisterCase, decided } from './register-builders.ts';

describe('decideRegister, by invoice version and revision', () => {
  const cases: RegisterCase[] = [
    {
      guarantee: 'an older invoice version is stale',
      call: { invoice_version: 4, by_source: { user: 99n } },
      decision: { outcome: 'stale' },
    },
    {
      guarantee: 'an older invoice version is stale even with the same target',
      call: { invoice_version: 4 },
      decision: { outcome: 'stale' },
    },
    {
      guarantee: 'an older invoice version is stale whichever revision it expects',
      call: { invoice_version: 4, by_source: { user: 99n }, expected_revision: 1 },
      decision: { outcome: 'stale' },
    },
    {
      guarantee: 'an older invoice version is stale whichever split it needs',
      stored: { target: { user: 10n, service: 5n } },
      call: { invoice_version: 4, by_source: null, sum: 99n },
      decision: { outcome: 'stale' },
    },
    {
      guarantee: 'a lower version of a newer epoch is newer: its target is registered',
      stored: { invoice_epoch: 1 },
      call: { invoice_epoch: 2, invoice_version: 1, by_source: { user: 11n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 2,
        revision: 4,
        target: { user: 11n },
        changes: [{ source: 'user', value: 11n }],
      },
    },
    {
      guarantee: 'a lower version of a newer epoch with the same target is unchanged, and the pair is stored',
      call: { invoice_epoch: 2, invoice_version: 1 },
      decision: { outcome: 'unchanged', newer_version: true, invoice_epoch: 2 },
    },
    {
      guarantee: 'a higher version of an older epoch is stale',
      stored: { invoice_epoch: 2 },
      call: { invoice_epoch: 1, invoice_version: 6, by_source: { user: 99n } },
      decision: { outcome: 'stale' },
    },
    {
      guarantee: 'a call without an epoch is of the stored one: a newer version is registered there',
      stored: { invoice_epoch: 7 },
      call: { invoice_version: 6, by_source: { user: 11n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 7,
        revision: 4,
        target: { user: 11n },
        changes: [{ source: 'user', value: 11n }],
      },
    },
    {
      guarantee: 'a call without an epoch is of the stored one: an older version is stale there',
      stored: { invoice_epoch: 7 },
      call: { invoice_version: 4, by_source: { user: 11n } },
      decision: { outcome: 'stale' },
    },
    {
      guarantee: 'the first register of an order keeps the epoch that it states',
      stored: null,
      call: { invoice_epoch: 3 },
      decision: {
        outcome: 'registered',
        invoice_epoch: 3,
        revision: 1,
        target: { user: 10n },
        changes: [{ source: 'user', value: 10n }],
      },
    },
    {
      guarantee: 'another target of the same epoch and version needs the expected revision',
      call: { invoice_epoch: 1, by_source: { user: 11n } },
      decision: {
        outcome: 'refused',
        code: 'EXPECTED_REVISION_REQUIRED',
        details: { invoice_epoch: 1, invoice_version: 5, revision: 3 },
      },
    },
    {
      guarantee: 'another target of the same epoch and version is registered with the expected revision',
      call: { invoice_epoch: 1, by_source: { user: 11n }, expected_revision: 3 },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 11n },
        changes: [{ source: 'user', value: 11n }],
      },
    },
    {
      guarantee: 'the same target of the same epoch and version is unchanged without an expected revision',
      call: { invoice_epoch: 1 },
      decision: { outcome: 'unchanged', newer_version: false, invoice_epoch: 1 },
    },
    {
      guarantee: 'a late repeat of a target that was replaced at its epoch and version is refused',
      stored: { target: { user: 7n }, revision: 2 },
      call: { invoice_epoch: 1, by_source: { user: 5n }, expected_revision: 0 },
      decision: {
        outcome: 'refused',
        code: 'REVISION_CONFLICT',
        details: { expected_revision: 0, revision: 2 },
      },
    },
    {
      guarantee: 'another target with the expected revision is registered',
      call: { by_source: { user: 11n }, expected_revision: 3 },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 4,
        target: { user: 11n },
        changes: [{ source: 'user', value: 11n }],
      },
    },
    {
      guarantee: 'a passed revision is a conflict, even with a newer invoice version',
      call: { invoice_version: 6, by_source: { user: 11n }, expected_revision: 2 },
      decision: {
        outcome: 'refused',
        code: 'REVISION_CONFLICT',
        details: { expected_revision: 2, revision: 3 },
      },
    },
    {
      guarantee: 'a future revision is a conflict',
      call: { by_source: { user: 11n }, expected_revision: 4 },
      decision: {
        outcome: 'refused',
        code: 'REVISION_CONFLICT',
        details: { expected_revision: 4, revision: 3 },
      },
    },
    {
      guarantee: 'the last revision is assigned',
      stored: { revision: 2_147_483_646 },
      call: { by_source: { user: 11n } },
      decision: {
        outcome: 'registered',
        invoice_epoch: 1,
        revision: 2_147_483_647,
        target: { user: 11n },
        changes: [{ source: 'user', value: 11n }],
      },
    },
    {
      guarantee: 'a target that would need a revision after the last one is refused',
      stored: { revision: 2_147_483_647 },
      call: { by_source: { user: 11n }, expected_revision: 2_147_483_647 },
      decision: {
        outcome: 'refused',
        code: 'REVISION_EXHAUSTED',
        details: { revision: 2_147_483_647 },
      },
    },
  ];
  test.each(cases)('$guarantee', (given) => {
    const { message, ...decision } = decided(given);
    expect(decision).toEqual(given.decision);
    expect(message === null).toBe(given.decision.outcome !== 'refused');
  });
});
