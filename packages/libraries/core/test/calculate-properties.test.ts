import type { Payment } from '@cashback/wire';
import { MAX_AMOUNT } from '@cashback/contract/amount';
import { SOURCES, type Source, amountOf, totalOf } from '@cashback/contract/source';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CalculationInput, calculateCashback, clearedSums } from '../src/calculate.ts';
import type { ServiceConfig } from '../src/service-config.ts';
import { anyAmount, anyCalculation } from './arbitraries.ts';
import { calculated } from './builders.ts';

describe('calculateCashback, for any cleared invoice with rates,', () => {
  test('has the sums that clearedSums gives the service URL', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        expect(calculated(input)).toMatchObject(clearedSums(input.invoice, input.config));
      }),
    );
  });

  test('never gives more than max_share of the base, and never less than zero', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const { base, target } = calculated(input);
        expect(totalOf(target) * 1_000_000n <= base * input.config.max_share).toBe(true);
        expect(Object.values(target).every((value) => value >= 0n)).toBe(true);
      }),
    );
  });

  test('gives max_share to the last step when the sources together exceed it', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const step = input.config.rounding_step;
        const unlimited = calculated(withConfig(input, { max_share: 1_000_000n }));
        const limit = ((unlimited.base * input.config.max_share) / 1_000_000n / step) * step;
        const expected = min(totalOf(unlimited.target), limit);
        expect(totalOf(calculated(input).target)).toBe(expected);
      }),
    );
  });

  test('never gives more of a source than its max_value', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const { target } = calculated(input);
        const capped = (input.rates ?? []).filter(({ max_value }) => max_value !== undefined);
        expect(capped.every(({ source, max_value = 0n }) => amountOf(target, source) <= max_value)).toBe(
          true,
        );
      }),
    );
  });

  test('gives only multiples of the step', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const { target } = calculated(input);
        expect(Object.values(target).every((value) => value % input.config.rounding_step === 0n)).toBe(true);
      }),
    );
  });

  test('gives each source its exact value within one step, when no cap applies', () => {
    const uncapped = anyCalculation.map((input) => ({
      ...input,
      config: { ...input.config, service_cashback: 'rate' as const },
      rates: (input.rates ?? []).map(({ source, rate }) => ({ source, rate })),
    }));
    fc.assert(
      fc.property(uncapped, (input) => {
        const { base, target } = calculated(input);
        const limit = base * input.config.max_share;
        const exact = input.rates.reduce((sum, { rate }) => sum + base * rate, 0n);
        const step = input.config.rounding_step * 1_000_000n;
        fc.pre(exact + 2n * step <= limit);
        for (const { source, rate } of input.rates) {
          const gap = amountOf(target, source) * 1_000_000n - base * rate;
          expect(gap < step && -gap < step).toBe(true);
        }
      }),
    );
  });

  const loosened: [cap: string, loosen: (input: CalculationInput, more: bigint) => CalculationInput][] = [
    [
      'max_share',
      (input, more) => withConfig(input, { max_share: min(input.config.max_share + more, 1_000_000n) }),
    ],
    ['the max_value of user', (input, more) => withMaxValue(input, 'user', more)],
    ['the max_value of service', (input, more) => withMaxValue(input, 'service', more)],
  ];
  test.each(loosened)('never gives less when %s is raised', (_cap, loosen) => {
    fc.assert(
      fc.property(anyCalculation, anyAmount, (input, more) => {
        expect(totalOf(calculated(input).target) <= totalOf(calculated(loosen(input, more)).target)).toBe(
          true,
        );
      }),
    );
  });

  test('never lowers a source when max_share is raised', () => {
    fc.assert(
      fc.property(anyCalculation, fc.bigInt({ min: 0n, max: 1_000_000n }), (input, more) => {
        const { target } = calculated(input);
        const raised = withConfig(input, { max_share: min(input.config.max_share + more, 1_000_000n) });
        const { target: larger } = calculated(raised);
        expect(SOURCES.every((source) => amountOf(target, source) <= amountOf(larger, source))).toBe(true);
      }),
    );
  });

  test('never raises the target after a partial refund', () => {
    fc.assert(
      fc.property(anyCalculation, fc.nat(15), (input, kept) => {
        const refunded = {
          ...input,
          invoice: { ...input.invoice, payments: firstItems(input.invoice.payments, kept) },
        };
        expect(totalOf(calculated(refunded).target) <= totalOf(calculated(input).target)).toBe(true);
      }),
    );
  });

  test('is exactly zero after a full refund', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const refunded = {
          ...input,
          invoice: { ...input.invoice, payments: firstItems(input.invoice.payments, 0) },
        };
        expect(calculated(refunded)).toMatchObject({ base: 0n, target: { user: 0n, service: 0n } });
      }),
    );
  });

  test('gives the same for the same input, in any order of the rates', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const turned = { ...input, rates: input.rates?.toReversed() ?? null };
        expect(calculateCashback(turned)).toEqual(calculateCashback(input));
      }),
    );
  });
});

function withConfig(input: CalculationInput, config: Partial<ServiceConfig>): CalculationInput {
  return { ...input, config: { ...input.config, ...config } };
}

function withMaxValue(input: CalculationInput, source: Source, more: bigint): CalculationInput {
  const rates = (input.rates ?? []).map((rate) =>
    rate.source === source && rate.max_value !== undefined
      ? { ...rate, max_value: min(rate.max_value + more, MAX_AMOUNT) }
      : rate,
  );
  return { ...input, rates };
}

/** The first items of all payments together; the others are refunded. */
function firstItems(payments: readonly Payment[], count: number): Payment[] {
  let left = count;
  return payments.map(({ payment_type, items }) => {
    const kept = items.slice(0, left);
    left -= kept.length;
    return { payment_type, items: kept };
  });
}

function min(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
