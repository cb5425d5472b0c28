import { MAX_AMOUNT } from '@cashback/contract/amount';
import { RATE_ONE } from '@cashback/contract/rate';
import { SOURCES, type AmountsBySource } from '@cashback/contract/source';
import * as fc from 'fast-check';
import type { CalculationInput } from '../src/calculate.ts';
import { ROUNDINGS } from '../src/rounding.ts';
import { invoiceOf } from './builders.ts';

/** Amounts of every size; a tenth of them at the top, where floating point numbers are no longer exact. */
export const anyAmount = fc.oneof(
  { arbitrary: fc.bigInt({ min: 0n, max: MAX_AMOUNT }), weight: 5 },
  { arbitrary: fc.bigInt({ min: 0n, max: 50_000n }), weight: 4 },
  { arbitrary: fc.bigInt({ min: MAX_AMOUNT - 50n, max: MAX_AMOUNT }), weight: 1 },
);

/** Few values, so that equal ones meet. */
export const fewAmounts = fc.bigInt({ min: 0n, max: 3n });

export const anyAmountsBySource: fc.Arbitrary<AmountsBySource> = amountsBySourceOf(anyAmount);
export const fewAmountsBySource: fc.Arbitrary<AmountsBySource> = amountsBySourceOf(fewAmounts);

const anyRate = fc.oneof(
  fc.bigInt({ min: 0n, max: RATE_ONE }),
  fc.constantFrom(0n, 50_000n, 100_000n, 333_333n, 500_000n, RATE_ONE),
);

const anyItem = fc.record({ item_id: fc.constantFrom('ride', 'tip', 'toll'), amount: lineAmount() });
const anyPayments = fc.array(
  fc.record({
    payment_type: fc.constantFrom('card', 'cash', 'corp'),
    items: fc.array(anyItem, { maxLength: 4 }),
  }),
  { maxLength: 4 },
);

/** Calculations of cleared invoices with rates. */
export const anyCalculation: fc.Arbitrary<CalculationInput> = fc
  .record({
    payments: anyPayments,
    rates: fc.uniqueArray(
      fc.record(
        { source: fc.constantFrom(...SOURCES), rate: anyRate, max_value: anyAmount },
        { requiredKeys: ['source', 'rate'] },
      ),
      { selector: ({ source }) => source },
    ),
    rounding: fc.constantFrom(...ROUNDINGS),
    rounding_step: fc.constantFrom(1n, 25n, 100n, 10_000n),
    max_share: anyRate,
    answer: fc.option(
      fc.record({ origin: fc.constantFrom('url' as const, 'kept' as const), value: anyAmount }),
    ),
  })
  .map(({ payments, rates, answer, ...rules }) => ({
    invoice: invoiceOf({ payments }),
    rates,
    config: {
      ...rules,
      earning_payment_types: ['card', 'corp'],
      excluded_items: ['tip'],
      service_cashback: answer === null ? 'rate' : 'url',
    },
    config_hash: 'hash',
    service_cashback: answer,
  }));

function amountsBySourceOf(amounts: fc.Arbitrary<bigint>): fc.Arbitrary<AmountsBySource> {
  return fc.record({ user: amounts, service: amounts }, { requiredKeys: [] });
}

/** At most a sixteenth of the largest amount, so that 16 lines stay within it. */
function lineAmount(): fc.Arbitrary<string> {
  return fc.tuple(fc.nat(62_499_999_999), fc.nat(9_999)).map(([whole, rest]) => `${whole}.${rest}`);
}
