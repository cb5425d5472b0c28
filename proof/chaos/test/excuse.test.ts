import { expect, test } from 'vitest';
import { excuse } from '../src/excuse.ts';
import { createInterventions } from '../src/interventions.ts';

const restore = (side: 'transactions' | 'server' | 'trust') => ({
  side,
  orders: new Set(['order-1']),
});
const of = (invariant: 1 | 2 | 7 | 8 | 12, order_id = 'order-1') => ({
  invariant,
  order_id,
  detail: 'operation foreign-1 has no earlier intent of the worker',
});

test('without a foreign operation and without a restore nothing is excused', () => {
  const found = [of(1), of(7), of(8)];
  expect(excuse(found, createInterventions())).toEqual(found);
});

test('the missing intent of a foreign operation is excused, of that operation and order alone', () => {
  const interventions = createInterventions();
  interventions.foreign.set('foreign-1', 'order-1');
  const others = [of(7, 'order-2'), { ...of(7), detail: 'operation ours has no earlier intent' }, of(8)];
  expect(excuse([of(7), ...others], interventions)).toEqual(others);
});

test('a restore of the server excuses forgotten intents and targets of the orders that changed since, and no money', () => {
  const interventions = createInterventions();
  interventions.restores.push(restore('server'));
  const kept = [of(1), of(2), of(12), of(7, 'order-2'), of(8, 'order-2')];
  expect(excuse([of(7), of(8), ...kept], interventions)).toEqual(kept);
});

test('a restore of transactions excuses nothing: what Trust has is adopted', () => {
  const interventions = createInterventions();
  interventions.restores.push(restore('transactions'));
  expect(excuse([of(7), of(8)], interventions)).toHaveLength(2);
});

test("a restore of Trust excuses the order of its log for the orders that it lost, and no other's, and no money", () => {
  const interventions = createInterventions();
  interventions.restores.push(restore('trust'));
  const kept = [of(1), of(7), of(12), of(8, 'order-2')];
  expect(excuse([of(8), ...kept], interventions)).toEqual(kept);
});
