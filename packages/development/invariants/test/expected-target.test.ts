import { RATE_ONE, SOURCES, formatAmount } from '@cashback/contract';
import { type CalculationInput, ROUNDINGS, calculateCashback, clearedSums } from '@cashback/core';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { expectedTarget } from '../src/expected-target.ts';

const amount = fc.oneof(fc.bigInt(0n, 50n), fc.bigInt(0n, 5_000_000n), fc.bigInt(0n, 999_999_999_999n));
const rate = fc.oneof(fc.bigInt(0n, RATE_ONE), fc.constantFrom(50_000n, 500_000n, RATE_ONE));
const capped = fc.record({ rate, max_value: fc.option(amount, { nil: undefined }) });

const anyInput = fc.record({
  invoice: fc.record({
    invoice_id: fc.constant('order-1'),
    version: fc.constant(1),
    status: fc.constantFrom('cleared' as const, 'cleared' as const, 'held' as const, 'cancelled' as const),
    payments: fc.array(
      fc.record({
        payment_type: fc.constantFrom('card', 'card', 'bonus'),
        items: fc.array(
          fc.record({ item_id: fc.constantFrom('fare', 'food', 'tip'), amount: amount.map(formatAmount) }),
          { maxLength: 3 },
        ),
      }),
      { maxLength: 3 },
    ),
  }),
  rates: fc.option(
    fc.record({ user: fc.option(capped), service: fc.option(capped) }).map((bySource) =>
      SOURCES.flatMap((source) => {
        const { rate: share, max_value } = bySource[source] ?? {};
        if (share === undefined) return [];
        return [{ source, rate: share, ...(max_value !== undefined && { max_value }) }];
      }),
    ),
    { freq: 10 },
  ),
  config: fc.record({
    earning_payment_types: fc.constant(['card']),
    excluded_items: fc.constant(['tip']),
    rounding: fc.constantFrom(...ROUNDINGS),
    rounding_step: fc.constantFrom(1n, 7n, 100n, 5_000n, 10_000n),
    max_share: rate,
    service_cashback: fc.constantFrom('rate' as const, 'url' as const),
  }),
  shop: rate,
});

test('the calculation of the product and its second writing give the same targets', () => {
  fc.assert(
    fc.property(anyInput, ({ invoice, rates, config, shop }) => {
      const askShop = (base: bigint): bigint => (base * shop) / RATE_ONE;
      const { base } = clearedSums(invoice, config);
      const input: CalculationInput = {
        invoice,
        rates,
        config,
        config_hash: '',
        service_cashback: config.service_cashback === 'url' ? { origin: 'url', value: askShop(base) } : null,
      };
      const calculated = calculateCashback(input);
      const expected = expectedTarget(input, askShop);
      const { outcome, ...figures } = calculated;
      if (outcome === 'rates_missing') expect(expected).toBeNull();
      else expect(figures).toMatchObject(expected ?? {});
      expect(expected === null).toBe(outcome === 'rates_missing');
    }),
    { numRuns: 2_000 },
  );
});
