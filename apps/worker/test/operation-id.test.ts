import { parseAmount } from '@cashback/contract/amount';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OperationContent, operationIdOf } from '../src/reconcile/operation-id.ts';

const content: OperationContent = {
  cashback_epoch: 1,
  version: 3,
  user_id: 'user-1',
  wallet_id: 'wallet-1',
  currency: 'EUR',
  reward: [
    { source: 'user', amount: '10.0000' },
    { source: 'service', amount: '2.5000' },
  ],
};
const id = operationIdOf('order-1', content, 0);

describe('the same need has the same id', () => {
  test.each<[string, OperationContent]>([
    ['as it is', { ...content }],
    ['whatever the order of its sources', { ...content, reward: content.reward.toReversed() }],
    [
      'with amounts written in another way',
      {
        ...content,
        reward: [
          { source: 'user', amount: '10' },
          { source: 'service', amount: '2.5' },
        ],
      },
    ],
  ])('%s', (_, same) => {
    expect(operationIdOf('order-1', same, 0)).toBe(id);
  });

  test('with a source of zero, or without it', () => {
    const nothing = { ...content, reward: [] };
    const zero = { ...content, reward: [{ source: 'service' as const, amount: '0.0000' }] };
    expect(operationIdOf('order-1', zero, 0)).toBe(operationIdOf('order-1', nothing, 0));
  });
});

test.each<[string, string, Partial<OperationContent>, number]>([
  ['order', 'order-2', {}, 0],
  ['epoch', 'order-1', { cashback_epoch: 2 }, 0],
  ['version', 'order-1', { version: 4 }, 0],
  ['user', 'order-1', { user_id: 'user-2' }, 0],
  ['wallet', 'order-1', { wallet_id: 'wallet-2' }, 0],
  ['currency', 'order-1', { currency: 'USD' }, 0],
  ['reward', 'order-1', { reward: [{ source: 'user', amount: '10.0001' }] }, 0],
  ['number of attempts', 'order-1', {}, 1],
])('another %s has another id', (_, orderId, changes, attempt) => {
  expect(operationIdOf(orderId, { ...content, ...changes }, attempt)).not.toBe(id);
});

/** Amounts at scale 4, sorted and without zeros. */
function plainly({ reward, ...rest }: OperationContent): unknown {
  const amounts = reward.map(({ source, amount }) => [source, String(parseAmount(amount))] as const);
  return { ...rest, reward: amounts.filter(([, amount]) => amount !== '0').toSorted() };
}

test('two needs have the same id exactly when they are the same, and every id is one that the wire takes', () => {
  const text = fc.constantFrom('a', 'b', 'a","b', '1', '');
  const small = fc.integer({ min: 0, max: 2 });
  const amount = fc.constantFrom('0', '1', '1.0', '10');
  const need = fc.record({
    orderId: text,
    content: fc.record({
      cashback_epoch: small,
      version: small,
      user_id: text,
      wallet_id: text,
      currency: fc.constantFrom('EUR', 'USD'),
      reward: fc.uniqueArray(
        fc.record({ source: fc.constantFrom('user' as const, 'service' as const), amount }),
        {
          selector: ({ source }) => source,
        },
      ),
    }),
    attempt: small,
  });
  fc.assert(
    fc.property(need, need, (one, other) => {
      const ids = [one, other].map((each) => operationIdOf(each.orderId, each.content, each.attempt));
      const same =
        one.orderId === other.orderId &&
        one.attempt === other.attempt &&
        JSON.stringify(plainly(one.content)) === JSON.stringify(plainly(other.content));
      expect(ids[0] === ids[1]).toBe(same);
      for (const each of ids) expect(each).toMatch(/^[A-Za-z0-9_.:-]{1,64}$/);
    }),
    { numRuns: 2_000 },
  );
});
