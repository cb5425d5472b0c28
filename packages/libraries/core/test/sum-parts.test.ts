import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ORDER_PARTS, parseBalance } from '@cashback/contract';
import { type StandingOrders, partOf, sumParts } from '../src/index.ts';

test.each([
  { is_settled: true, needs_attention: false, attention_code: null, part: null },
  { is_settled: false, needs_attention: false, attention_code: null, part: 'in_flight' },
  { is_settled: false, needs_attention: true, attention_code: null, part: 'needs_attention' },
  { is_settled: false, needs_attention: true, attention_code: 'operation_stuck', part: 'needs_attention' },
  { is_settled: true, needs_attention: true, attention_code: 'unknown_source', part: 'needs_attention' },
  { is_settled: false, needs_attention: true, attention_code: 'held_by_breaker', part: 'held_by_breaker' },
  { is_settled: false, needs_attention: true, attention_code: 'owed', part: 'owed' },
  // The code of a need that has passed.
  { is_settled: true, needs_attention: false, attention_code: 'held_by_breaker', part: null },
])('settled $is_settled, attention $needs_attention by $attention_code: $part', ({ part, ...standing }) => {
  expect(partOf(standing)).toBe(part);
});

const standingOrders: fc.Arbitrary<StandingOrders> = fc.record({
  service: fc.constantFrom('yellow', 'green'),
  currency: fc.constantFrom('USD', 'EUR'),
  needs_attention: fc.boolean(),
  attention_code: fc.constantFrom(null, 'operation_stuck', 'held_by_breaker', 'owed'),
  orders: fc.integer({ min: 1, max: 1000 }),
  oldest_since: fc.date({ min: new Date(0), max: new Date('2030-01-01'), noInvalidDate: true }),
  difference: fc.dictionary(
    fc.constantFrom('user', 'service', 'partner'),
    fc.bigInt(-(10n ** 14n), 10n ** 14n),
  ),
});

test('the parts of a service sum to its difference by source, and every order is in one part', () => {
  fc.assert(
    fc.property(fc.array(standingOrders), (standing) => {
      const services = sumParts(standing);
      for (const { difference, parts } of services) {
        expect(parts.map(({ part }) => part)).toEqual(ORDER_PARTS);
        for (const { source, amount } of difference) {
          const ofParts = parts.map(
            (part) => part.difference.find((entry) => entry.source === source)?.amount,
          );
          const sum = ofParts.reduce((total, text) => total + parseBalance(text ?? ''), 0n);
          expect(sum).toBe(parseBalance(amount));
        }
      }
      const orders = services.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.orders, 0);
      expect(orders).toBe(standing.reduce((sum, one) => sum + one.orders, 0));
    }),
  );
});
