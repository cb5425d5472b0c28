import { type Source, SOURCES, formatAmount, parseAmount } from '@cashback/contract';
import { rewardedOf } from '@cashback/core';
import type { ListedBasket } from '@cashback/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KnownHistory, decideAdoption } from '../src/cashback/adopt/decide-adoption.ts';
import { type BasketRow, insertedBasket, refundedBasket } from '../src/db/rules/baskets.ts';

type Status = ListedBasket['status'];

function basket(
  basket_id: string,
  amount: string,
  fields: { status?: Status; source?: Source; refunds?: [string, string, Status?][] } = {},
): ListedBasket {
  const { status = 'success', source = 'user', refunds = [] } = fields;
  return {
    basket_id,
    wallet_id: 'wallet',
    user_id: 'user',
    currency: 'USD',
    amount,
    source,
    order_id: 'order',
    refunded: '0',
    status,
    reason: null,
    refunds: refunds.map(([refund_id, of, ended = 'success']) => ({
      refund_id,
      basket_id,
      amount: of,
      wallet_policy: 'go_negative',
      status: ended,
      reason: null,
    })),
  };
}

function known(baskets: [string, string, string][], steps: string[] = []): KnownHistory {
  return {
    invoice_id: 'order',
    cashback_version: 4,
    wallet_id: 'wallet',
    baskets: baskets.map(([basket_id, amount, refunded]) => ({
      basket_id,
      source: 'user',
      amount: parseAmount(amount),
      refunded: parseAmount(refunded),
    })),
    step_ids: new Set(steps),
  };
}

test('agreement with Trust raises no version', () => {
  const decision = decideAdoption(known([['b', '5', '2']], ['b', 'r']), [
    basket('b', '5', { refunds: [['r', '2']] }),
  ]);
  expect(decision).toEqual({ outcome: 'adopt', cashback_version: null, baskets: [], refunds: [], steps: [] });
});

test('unknown baskets and refunds are adopted, failed ones are not', () => {
  const decision = decideAdoption(known([['b', '5', '0']], ['b']), [
    basket('b', '5', {
      refunds: [
        ['r', '2'],
        ['failed', '3', 'failed'],
      ],
    }),
    basket('new', '7', { source: 'service' }),
    basket('failed', '9', { status: 'failed' }),
  ]);
  expect(decision).toEqual({
    outcome: 'adopt',
    cashback_version: 5,
    baskets: [
      {
        invoice_id: 'order',
        basket_id: 'new',
        source: 'service',
        amount: '7',
        version: 5,
        step_number: 1,
      },
    ],
    refunds: [{ invoice_id: 'order', basket_id: 'b', amount: '2.0000' }],
    steps: [
      { step_id: 'r', invoice_id: 'order', kind: 'refund', basket_id: 'b', amount: '2', taken: null },
      { step_id: 'new', invoice_id: 'order', kind: 'topup', basket_id: 'new', amount: '7', taken: null },
    ],
  });
});

test('a refund that found less in its wallet is adopted with what it took', () => {
  const listed = basket('b', '5', { refunds: [['r', '4']] });
  const refunds = listed.refunds.map((refund) => ({ ...refund, taken: '1.5' }));
  expect(decideAdoption(known([['b', '5', '0']], ['b']), [{ ...listed, refunds }])).toMatchObject({
    refunds: [{ basket_id: 'b', amount: '1.5000' }],
    steps: [{ step_id: 'r', amount: '4', taken: '1.5' }],
  });
});

describe('nothing is adopted', () => {
  test.each([
    ['a basket', [basket('b', '5', { status: 'pending' })], ['b']],
    ['a refund', [basket('b', '5', { refunds: [['r', '2', 'pending']] })], ['r']],
  ])('while %s is pending', (_, listed, pending) => {
    expect(decideAdoption(known([]), listed)).toEqual({ outcome: 'wait', pending });
  });

  test.each([
    ['lacks a basket', [], 'basket b is not at Trust'],
    [
      'has it failed',
      [basket('b', '5', { status: 'failed' })],
      'status of basket b is success, at Trust failed',
    ],
    ['has another amount', [basket('b', '6')], 'amount of basket b is 5.0000, at Trust 6.0000'],
    [
      'has another source',
      [basket('b', '5', { source: 'service' })],
      'source of basket b is user, at Trust service',
    ],
    ['has fewer refunds', [basket('b', '5')], 'refunded of basket b is 1.0000, at Trust 0.0000'],
  ])('where Trust %s', (_, listed, difference) => {
    const decision = decideAdoption(known([['b', '5', '1']]), listed);
    expect(decision).toMatchObject({
      outcome: 'differs',
      differences: expect.arrayContaining([difference]),
    });
  });

  test('where Trust has more refunded than there was', () => {
    expect(decideAdoption(known([]), [basket('b', '5', { refunds: [['r', '6']] })]).outcome).toBe('differs');
  });
});

const listing = fc
  .array(
    fc.record({
      status: fc.constantFrom<Status>('success', 'success', 'failed'),
      source: fc.constantFrom(...SOURCES),
      amount: fc.integer({ min: 1, max: 1_000_000 }),
      /** Shares of what is left, in hundredths, with the end of each refund and whether it is known here. */
      refunds: fc.array(fc.record({ share: fc.nat(100), failed: fc.boolean(), forgotten: fc.boolean() }), {
        maxLength: 4,
      }),
      forgotten: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((drawn) => {
    const listed: ListedBasket[] = [];
    const rows: BasketRow[] = [];
    for (const [index, { status, source, amount, refunds, forgotten }] of drawn.entries()) {
      let left = amount;
      let refunded = 0;
      const made: [string, string, Status][] = [];
      for (const [number, refund] of (status === 'success' ? refunds : []).entries()) {
        const taken = Math.floor((left * refund.share) / 100);
        if (taken === 0) continue;
        made.push([`r${index}.${number}`, formatAmount(BigInt(taken)), refund.failed ? 'failed' : 'success']);
        if (refund.failed) continue;
        left -= taken;
        if (!refund.forgotten) refunded += taken;
      }
      const basket_id = `b${index}`;
      listed.push(basket(basket_id, formatAmount(BigInt(amount)), { status, source, refunds: made }));
      if (forgotten || status === 'failed') continue;
      const of = { invoice_id: 'order', version: index, step_number: 1, payee_version: 1 };
      rows.push({ basket_id, source, amount: BigInt(amount), refunded: BigInt(refunded), ...of });
    }
    return { listed, rows };
  });

test('an adoption makes rewarded equal to Trust by source, and a second one finds nothing', () => {
  fc.assert(
    fc.property(listing, ({ listed, rows }) => {
      const before = { ...known([]), baskets: rows };
      const adoption = decideAdoption(before, listed);
      if (adoption.outcome !== 'adopt') throw new Error(adoption.outcome);
      const adopted = adoption.baskets.map((one) => insertedBasket(one, { payee_version: 1 }));
      const after = [...rows, ...adopted].map((row) =>
        adoption.refunds
          .filter(({ basket_id }) => basket_id === row.basket_id)
          .reduce((changed, refund) => refundedBasket(changed, refund), row),
      );
      const rewarded = rewardedOf(after);
      for (const source of SOURCES) {
        const held = listed
          .filter((one) => one.source === source && one.status === 'success')
          .map(({ amount, refunds }) =>
            refunds
              .filter(({ status }) => status === 'success')
              .reduce((left, refund) => left - parseAmount(refund.amount), parseAmount(amount)),
          );
        expect(rewarded[source] ?? 0n).toBe(held.reduce((sum, one) => sum + one, 0n));
      }
      const step_ids = new Set(adoption.steps.map(({ step_id }) => step_id));
      expect(decideAdoption({ ...before, baskets: after, step_ids }, listed)).toMatchObject({
        outcome: 'adopt',
        cashback_version: null,
        steps: [],
      });
    }),
  );
});
