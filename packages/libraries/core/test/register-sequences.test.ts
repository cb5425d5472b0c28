import { type AmountsBySource, amountOf, equalAmounts, totalOf } from '@cashback/contract/source';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type RegisterDecision,
  type Registration,
  type StoredOrder,
  decideRegister,
} from '../src/decide-register.ts';
import { fewAmounts, fewAmountsBySource } from './arbitraries.ts';
import { callOf } from './register-builders.ts';

describe('any sequence of registers', () => {
  const someone = fc.constantFrom('user-1', 'user-1', 'user-1', 'user-1', 'user-2');
  const amounts = fc.oneof(
    fc.record({ by_source: fewAmountsBySource, sum: fc.constant(null) }),
    fc.record({ by_source: fc.constant(null), sum: fewAmounts }),
    fewAmountsBySource.map((by_source) => ({ by_source, sum: totalOf(by_source) })),
    fc.record({ by_source: fewAmountsBySource, sum: fewAmounts }),
  );
  const calls: fc.Arbitrary<Registration> = fc
    .record({
      amounts,
      user_id: someone,
      invoice_version: fc.integer({ min: 1, max: 4 }),
      expected_revision: fc.option(fc.nat(4)),
    })
    .map(({ amounts: given, ...rest }) => callOf({ ...given, ...rest }));
  const sequences = fc.array(calls, { maxLength: 25 });

  test('is decided as ten lines of the design decide it', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        let stored: StoredOrder | null = null;
        for (const call of sequence) {
          const decision = decideRegister(stored, call);
          expect(decision.outcome === 'refused' ? decision.code : decision.outcome).toBe(model(stored, call));
          stored = store(stored, call, decision);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('leaves events whose newest values are the target, and a revision for every change of it', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        let stored: StoredOrder | null = null;
        let registered = 0;
        const newest: AmountsBySource = {};
        for (const call of sequence) {
          const decision = decideRegister(stored, call);
          stored = store(stored, call, decision);
          if (decision.outcome !== 'registered') continue;
          registered += 1;
          for (const { source, value } of decision.changes) {
            expect(value).not.toBe(amountOf(newest, source));
            newest[source] = value;
          }
          expect(decision.revision).toBe(registered);
          expect(equalAmounts(newest, decision.target)).toBe(true);
        }
      }),
    );
  });

  test('never lets an older invoice version overwrite a newer one', () => {
    const plain = fc.array(
      fc
        .record({ by_source: fewAmountsBySource, invoice_version: fc.integer({ min: 1, max: 4 }) })
        .map(callOf),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(plain, (sequence) => {
        const stored = sequence.reduce<StoredOrder | null>(
          (order, call) => store(order, call, decideRegister(order, call)),
          null,
        );
        const newest = Math.max(...sequence.map((call) => call.invoice_version));
        const last = sequence.findLast((call) => call.invoice_version === newest);
        expect(stored?.invoice_version).toBe(newest);
        expect(equalAmounts(stored?.target ?? {}, last?.by_source ?? {})).toBe(true);
      }),
    );
  });

  test('is not changed by repeating the newest call', () => {
    fc.assert(
      fc.property(sequences, calls, (sequence, call) => {
        const before = sequence.reduce<StoredOrder | null>(
          (order, each) => store(order, each, decideRegister(order, each)),
          null,
        );
        const first = decideRegister(before, call);
        fc.pre(first.outcome === 'registered');
        expect(decideRegister(store(before, call, first), call)).toEqual({
          outcome: 'unchanged',
          newer_version: false,
        });
      }),
    );
  });
});

/** What the server writes for a decision. */
function store(
  stored: StoredOrder | null,
  call: Registration,
  decision: RegisterDecision,
): StoredOrder | null {
  if (decision.outcome === 'registered') {
    const { service, user_id, wallet_id, currency, invoice_version } = call;
    const { revision, target } = decision;
    return { service, user_id, wallet_id, currency, invoice_version, revision, target };
  }
  if (stored && decision.outcome === 'unchanged' && decision.newer_version) {
    return { ...stored, invoice_version: call.invoice_version };
  }
  return stored;
}

function model(stored: StoredOrder | null, { by_source, sum, ...call }: Registration): string {
  const [user, service] = [stored?.target.user ?? 0n, stored?.target.service ?? 0n];
  const given = by_source && [by_source.user ?? 0n, by_source.service ?? 0n];
  if (given && sum !== null && given.reduce((all, one) => all + one) !== sum) return 'SUM_MISMATCH';
  if (stored && stored.user_id !== call.user_id) return 'IMMUTABLE_FIELD';
  if (stored && stored.invoice_version > call.invoice_version) return 'stale';
  if (!given && service > 0n) return sum === user + service ? 'unchanged' : 'SOURCE_SPLIT_REQUIRED';
  const [askedUser, askedService] = given ?? [sum, 0n];
  if (stored && askedUser === user && askedService === service) return 'unchanged';
  if (call.expected_revision !== null && call.expected_revision !== (stored?.revision ?? 0))
    return 'REVISION_CONFLICT';
  return 'registered';
}
