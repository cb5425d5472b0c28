import { type AmountsBySource, amountOf, equalAmounts, totalOf } from '@cashback/contract/source';
import { type ModelCall, type ModelOrder, NO_ORDER, modelRegister } from '@cashback/register-model';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LAST_REVISION,
  type RegisterDecision,
  type Registration,
  type StoredOrder,
  decideRegister,
} from '../src/decide-register.ts';
import { fewAmounts, fewAmountsBySource } from './arbitraries.ts';
import { callOf, storedOf } from './register-builders.ts';

/** The reference model's words for an order and a call; units of its amounts are ten-thousandths here. */
function modelOrder(stored: StoredOrder | null): ModelOrder {
  if (stored === null) return NO_ORDER;
  const { user_id, revision, invoice_epoch, invoice_version, target } = stored;
  return { ...wholeAmounts(target), user_id, revision, invoice_epoch, invoice_version, cleared_sum: 0 };
}

function modelCall(call: Registration): ModelCall {
  const { user_id, invoice_epoch, invoice_version, by_source, sum, expected_revision } = call;
  return {
    user_id,
    ...(invoice_epoch !== null && { invoice_epoch }),
    invoice_version,
    cleared_sum: 0,
    ...(by_source !== null && { by_source: wholeAmounts(by_source) }),
    ...(sum !== null && { sum: Number(sum) }),
    ...(expected_revision !== null && { expected_revision }),
  };
}

function wholeAmounts(amounts: AmountsBySource): { user: number; service: number } {
  return { user: Number(amountOf(amounts, 'user')), service: Number(amountOf(amounts, 'service')) };
}

/** Decides, holds all of the decision against the model's, and returns the order after it. */
function decideAsModel(stored: StoredOrder | null, call: Registration): StoredOrder | null {
  const decision = decideRegister(stored, call);
  const step = modelRegister(modelOrder(stored), modelCall(call));
  expect(decision.outcome === 'refused' ? decision.code : decision.outcome).toBe(step.answer);
  if (decision.outcome === 'registered') {
    const changes = decision.changes.map(({ source, value }) => ({ source, value: Number(value) }));
    expect(changes).toEqual(step.changes);
  }
  const after = store(stored, call, decision);
  expect(modelOrder(after)).toEqual(step.order);
  return after;
}

/** The order as a server stores it after the decision. */
function store(
  stored: StoredOrder | null,
  call: Registration,
  decision: RegisterDecision,
): StoredOrder | null {
  if (decision.outcome === 'registered') {
    const { service, user_id, wallet_id, currency, invoice_version } = call;
    const { invoice_epoch, revision, target } = decision;
    return { service, user_id, wallet_id, currency, invoice_epoch, invoice_version, revision, target };
  }
  if (stored && decision.outcome === 'unchanged' && decision.newer_version) {
    const { invoice_version } = call;
    return { ...stored, invoice_epoch: decision.invoice_epoch, invoice_version };
  }
  return stored;
}

describe('every combination of an order and a call', () => {
  const orders = [
    null,
    ...[{ user: 10n }, { user: 10n, service: 0n }, { user: 10n, service: 5n }].flatMap((target) =>
      [3, LAST_REVISION - 1, LAST_REVISION].map((revision) =>
        storedOf({ target, revision, invoice_epoch: 2 }),
      ),
    ),
  ];

  function callsOn(stored: StoredOrder | null): Registration[] {
    const target = stored?.target ?? {};
    const revision = stored?.revision ?? 0;
    const other = { user: 4n, service: 7n };
    const amounts = [
      { by_source: target, sum: null },
      { by_source: target, sum: totalOf(target) },
      { by_source: target, sum: totalOf(target) + 1n },
      { by_source: null, sum: totalOf(target) },
      { by_source: other, sum: null },
      { by_source: other, sum: 11n },
      { by_source: null, sum: 11n },
    ];
    return amounts.flatMap((asked) =>
      ['user-1', 'user-2'].flatMap((user_id) =>
        [4, 5, 6].flatMap((invoice_version) =>
          [null, 1, 2, 3].flatMap((invoice_epoch) =>
            [null, revision, revision + 1].map((expected_revision) =>
              callOf({ ...asked, user_id, invoice_epoch, invoice_version, expected_revision }),
            ),
          ),
        ),
      ),
    );
  }

  test('is decided as the reference model decides it', () => {
    const combinations = orders.flatMap((stored) => callsOn(stored).map((call) => ({ stored, call })));
    expect(combinations).toHaveLength(5_040);
    for (const { stored, call } of combinations) decideAsModel(stored, call);
  });
});

describe('any sequence of registers', () => {
  const amounts = fc.oneof(
    fc.record({ by_source: fewAmountsBySource, sum: fc.constant(null) }),
    fc.record({ by_source: fc.constant(null), sum: fewAmounts }),
    fewAmountsBySource.map((by_source) => ({ by_source, sum: totalOf(by_source) })),
    fc.record({ by_source: fewAmountsBySource, sum: fewAmounts }),
  );
  const calls: fc.Arbitrary<Registration> = fc
    .record({
      amounts,
      user_id: fc.constantFrom('user-1', 'user-1', 'user-1', 'user-1', 'user-2'),
      invoice_epoch: fc.option(fc.integer({ min: 1, max: 3 })),
      invoice_version: fc.integer({ min: 1, max: 4 }),
      expected_revision: fc.option(fc.nat(4)),
    })
    .map(({ amounts: given, ...fields }) => callOf({ ...given, ...fields }));
  const sequences = fc.array(calls, { maxLength: 25 });

  test('is decided as the reference model decides it', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        sequence.reduce<StoredOrder | null>(decideAsModel, null);
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

  test('never lets an older (epoch, version) overwrite a newer one, however the epochs are numbered', () => {
    const plain = fc.array(
      fc
        .record({
          by_source: fewAmountsBySource,
          invoice_epoch: fc.integer({ min: 1, max: 3 }),
          invoice_version: fc.integer({ min: 1, max: 4 }),
        })
        .map(callOf),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(plain, (sequence) => {
        const stored = sequence.reduce<StoredOrder | null>((order, call) => {
          const expected_revision = order?.revision ?? 0;
          return decideAsModel(order, { ...call, expected_revision });
        }, null);
        // One number orders the pairs here: no version reaches 10.
        const age = (pair: Pick<Registration, 'invoice_epoch' | 'invoice_version'> | null): number =>
          (pair?.invoice_epoch ?? 0) * 10 + (pair?.invoice_version ?? 0);
        const newest = Math.max(...sequence.map(age));
        const last = sequence.findLast((call) => age(call) === newest);
        expect(age(stored)).toBe(newest);
        expect(equalAmounts(stored?.target ?? {}, last?.by_source ?? {})).toBe(true);
      }),
    );
  });

  test('never lets an older version overwrite a newer one of callers that know no epoch', () => {
    const plain = fc.array(
      fc
        .record({ by_source: fewAmountsBySource, invoice_version: fc.integer({ min: 1, max: 4 }) })
        .map(callOf),
      { minLength: 1, maxLength: 15 },
    );
    fc.assert(
      fc.property(plain, (sequence) => {
        const stored = sequence.reduce<StoredOrder | null>(decideAsModel, null);
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
        const before = sequence.reduce<StoredOrder | null>(decideAsModel, null);
        const first = decideRegister(before, call);
        fc.pre(first.outcome === 'registered');
        expect(decideRegister(store(before, call, first), call)).toEqual({
          outcome: 'unchanged',
          newer_version: false,
          invoice_epoch: first.outcome === 'registered' ? first.invoice_epoch : 0,
        });
      }),
    );
  });
});
