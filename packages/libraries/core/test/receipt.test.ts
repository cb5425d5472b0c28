import { MAX_RECEIPT_BYTES, registerInput } from '@cashback/contract';
import type { RegisterInput } from '@cashback/contract';
import { MAX_AMOUNT, formatAmount, parseAmount, sumAmounts } from '@cashback/contract/amount';
import { parseRate } from '@cashback/contract/rate';
import { type AmountsBySource, formatValues } from '@cashback/contract/source';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CalculationInput } from '../src/calculate.ts';
import { splitByLargestRemainder } from '../src/largest-remainder.ts';
import type { Receipt } from '../src/receipt.ts';
import { roundToStep } from '../src/rounding.ts';
import { anyCalculation } from './arbitraries.ts';
import { calculated, configOf, invoiceOf } from './builders.ts';

describe('the receipt', () => {
  test('has every input of the amounts', () => {
    const receipt = receiptOf({
      invoice: invoiceOf({
        version: 3,
        payments: [
          {
            payment_type: 'card',
            items: [
              { item_id: 'ride', amount: '70' },
              { item_id: 'tip', amount: '5' },
              { item_id: 'toll', amount: '30' },
            ],
          },
          { payment_type: 'cash', items: [{ item_id: 'ride', amount: '8.5' }] },
        ],
      }),
      rates: [
        { source: 'user', rate: parseRate('0.12345') },
        { source: 'service', rate: parseRate('0.1'), max_value: parseAmount('5.5') },
      ],
      config: configOf({ max_share: parseRate('0.15') }),
      config_hash: 'sha256:abc',
      service_cashback: null,
    });
    expect(receipt).toEqual({
      invoice_id: 'order-1',
      invoice_version: 3,
      invoice_status: 'cleared',
      cleared_sum: '113.5000',
      base: '100.0000',
      rounding: 'half_up',
      rounding_step: '0.0100',
      max_share: '0.15',
      max_share_limit: '15.0000',
      config_hash: 'sha256:abc',
      sources: [
        {
          source: 'user',
          origin: 'rate',
          rate: '0.12345',
          exact: '12.3450000000',
          rounded: '12.3500',
          max_value: null,
          capped_by: ['max_share'],
          value: '10.3800',
          by_line: ['7.2700', '0.0000', '3.1100', '0.0000'],
        },
        {
          source: 'service',
          origin: 'rate',
          rate: '0.1',
          exact: '10.0000000000',
          rounded: '10.0000',
          max_value: '5.5000',
          capped_by: ['max_value', 'max_share'],
          value: '4.6200',
          by_line: ['3.2300', '0.0000', '1.3900', '0.0000'],
        },
      ],
      payments: [
        {
          payment_type: 'card',
          not_earning: null,
          lines: [
            ['ride', '70.0000'],
            ['tip', '5.0000', 'item_excluded'],
            ['toll', '30.0000'],
          ],
        },
        { payment_type: 'cash', not_earning: 'payment_type_excluded', lines: [['ride', '8.5000']] },
      ],
    });
  });

  test.each(['url', 'kept'] as const)('names "%s" as the origin of the value of service', (origin) => {
    const { sources } = receiptOf({
      invoice: invoiceOf(),
      rates: [{ source: 'service', rate: parseRate('0.05') }],
      config: configOf({ service_cashback: 'url' }),
      config_hash: 'hash',
      service_cashback: { origin, value: parseAmount('7.5') },
    });
    expect(sources.map((source) => source.origin)).toEqual(['rate', origin]);
    expect(sources[1]).toMatchObject({ rate: '0.05', exact: '7.5000000000', value: '7.5000' });
  });

  test('of a held invoice has its status, and no captured lines', () => {
    const receipt = receiptOf({
      invoice: invoiceOf({ status: 'held' }),
      rates: null,
      config: configOf(),
      config_hash: 'hash',
      service_cashback: null,
    });
    expect(receipt).toMatchObject({
      invoice_status: 'held',
      cleared_sum: '0.0000',
      base: '0.0000',
      payments: [],
    });
  });

  test('is enough by itself to recompute the target', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const { target, receipt } = calculated(input);
        expect(recompute(JSON.parse(JSON.stringify(receipt)))).toEqual(target);
      }),
    );
  });

  test('splits the value of each source over the earning lines exactly', () => {
    fc.assert(
      fc.property(anyCalculation, (input) => {
        const { sources, payments } = receiptOf(input);
        const earns = payments?.flatMap(({ not_earning, lines }) =>
          lines.map((line) => not_earning === null && line.length === 2 && line[1] !== '0.0000'),
        );
        for (const { by_line, value } of sources) {
          expect(by_line).toHaveLength(earns?.length ?? 0);
          expect(formatAmount(sumAmounts((by_line ?? []).map(parseAmount)))).toBe(value);
          expect((by_line ?? []).every((part, index) => earns?.[index] || part === '0.0000')).toBe(true);
        }
      }),
    );
  });

  const crowds: [crowd: string, input: CalculationInput][] = [
    ['100 lines in 20 payments', crowdOf(Array.from({ length: 20 }, () => 5))],
    [
      '100 lines in the last of 20 payments',
      crowdOf(Array.from({ length: 20 }, (_, index) => (index < 19 ? 0 : 100))),
    ],
  ];
  test.each(crowds)(
    'of %s, with the longest ids and the largest sums, is not too large for register',
    (_, input) => {
      const receipt = receiptOf(input);
      expect(receipt.payments?.flatMap(({ lines }) => lines)).toHaveLength(100);
      expect(JSON.stringify(receipt).length).toBeLessThan(MAX_RECEIPT_BYTES);
    },
  );

  const tooLarge: [crowd: string, input: CalculationInput][] = [
    ['101 lines', crowdOf([101])],
    ['21 payments', crowdOf(Array.from({ length: 21 }, () => 1))],
  ];
  test.each(tooLarge)('of %s omits the lines, and can still be recomputed', (_, input) => {
    const receipt = receiptOf(input);
    expect(receipt.payments).toBeNull();
    expect(receipt.sources.map(({ by_line }) => by_line)).toEqual([null, null]);
    expect(recompute(receipt)).toEqual(calculated(input).target);
  });

  test('is accepted by register unchanged', () => {
    const { target, cleared_sum, receipt } = calculated(crowdOf([5, 5, 5]));
    const call: RegisterInput = {
      order_id: receipt.invoice_id,
      service: 'yellow',
      user_id: 'user-1',
      wallet_id: 'wallet-1',
      currency: 'USD',
      invoice_version: 1,
      cleared_sum: formatAmount(cleared_sum),
      cashback_by_source: formatValues(target),
      receipt,
    };
    expect(registerInput.parse(call)).toEqual(call);
  });
});

/** Payments with these numbers of lines, with the longest ids and the largest amounts. */
function crowdOf(lineCounts: readonly number[]): CalculationInput {
  const lineCount = lineCounts.reduce((sum, count) => sum + count, 0);
  const amount = formatAmount(MAX_AMOUNT / BigInt(lineCount));
  return {
    invoice: invoiceOf({
      invoice_id: longId(0),
      version: 2_147_483_647,
      payments: lineCounts.map((count, index) => ({
        payment_type: longId(index),
        items: Array.from({ length: count }, (_, line) => ({ item_id: longId(line), amount })),
      })),
    }),
    rates: [
      { source: 'user', rate: 500_001n, max_value: MAX_AMOUNT },
      { source: 'service', rate: 500_001n, max_value: MAX_AMOUNT },
    ],
    config: configOf({
      earning_payment_types: lineCounts.flatMap((count, index) => (count === 0 ? [] : [longId(index)])),
      rounding_step: 1n,
    }),
    config_hash: longId(0),
    service_cashback: null,
  };
}

function longId(index: number): string {
  return String(index).padStart(64, 'x');
}

/** The arithmetic of a receipt by hand, as a person would check it. */
function recompute(receipt: Receipt): AmountsBySource {
  const base = parseAmount(receipt.base);
  const step = parseAmount(receipt.rounding_step);
  const limit = ((base * parseRate(receipt.max_share)) / 1_000_000n / step) * step;
  expect(receipt.max_share_limit).toBe(formatAmount(limit));
  const alone = receipt.sources.map(({ origin, rate, exact, max_value }) => {
    const scaled = BigInt(exact.replace('.', ''));
    expect(scaled).toBe(origin === 'rate' ? base * parseRate(rate ?? '0') : scaled);
    const rounded = roundToStep(scaled, step * 1_000_000n, receipt.rounding) / 1_000_000n;
    const most = max_value === null ? rounded : (parseAmount(max_value) / step) * step;
    return rounded < most ? rounded : most;
  });
  const values =
    sumAmounts(alone) <= limit
      ? alone
      : splitByLargestRemainder(limit / step, alone).map((part) => part * step);
  return Object.fromEntries(receipt.sources.map(({ source }, index) => [source, values[index] ?? 0n]));
}

function receiptOf(input: CalculationInput): Receipt {
  return calculated(input).receipt;
}
