import type { Payment } from '@cashback/wire';
import { formatAmount, parseAmount } from '@cashback/contract/amount';
import { parseRate } from '@cashback/contract/rate';
import type { Source } from '@cashback/contract/source';
import { describe, expect, test } from 'vitest';
import { type CalculationInput, calculateCashback, clearedSums } from '../src/calculate.ts';
import type { ServiceConfig } from '../src/service-config.ts';
import { calculated, configOf, invoiceOf } from './builders.ts';

interface Case {
  guarantee: string;
  /** `payment_type item_id amount`, a line each. */
  lines?: string[];
  status?: 'held' | 'cleared' | 'cancelled';
  /** `source rate max_value?`, a rate each; null: none frozen yet. */
  rates?: string[] | null;
  config?: Partial<ServiceConfig>;
  /** `origin value` of the service's URL. */
  url?: string;
  expected: { cleared_sum?: string; base?: string; user: string; service: string };
}

const ride = ['card ride 100'];
const half = parseRate('0.5');
const cases: Case[] = [
  {
    guarantee: 'each source gives its rate of the cleared sum',
    lines: ride,
    rates: ['user 0.1', 'service 0.05'],
    expected: { cleared_sum: '100.0000', base: '100.0000', user: '10.0000', service: '5.0000' },
  },
  {
    guarantee: 'a source without a rate gives nothing',
    lines: ride,
    rates: ['service 0.05'],
    expected: { user: '0.0000', service: '5.0000' },
  },
  {
    guarantee: 'lines of all earning payments earn together, and are rounded once',
    lines: ['card ride 0.04', 'card toll 0.04', 'card ride 0.04'],
    rates: ['user 0.1'],
    expected: { cleared_sum: '0.1200', base: '0.1200', user: '0.0100', service: '0.0000' },
  },
  {
    guarantee: 'a payment type that is not listed earns nothing',
    lines: ['card ride 60', 'cash ride 40'],
    rates: ['user 0.1'],
    expected: { cleared_sum: '100.0000', base: '60.0000', user: '6.0000', service: '0.0000' },
  },
  {
    guarantee: 'an excluded item earns nothing, whichever payment it is in',
    lines: ['card ride 60', 'card tip 30', 'cash tip 10'],
    rates: ['user 0.1'],
    expected: { cleared_sum: '100.0000', base: '60.0000', user: '6.0000', service: '0.0000' },
  },
  {
    guarantee: 'a held invoice has captured nothing: every source is zero, and no rates are needed',
    status: 'held',
    lines: ride,
    rates: null,
    expected: { cleared_sum: '0.0000', base: '0.0000', user: '0.0000', service: '0.0000' },
  },
  {
    guarantee: 'a cancelled invoice has captured nothing: every source is zero, and no rates are needed',
    status: 'cancelled',
    lines: ride,
    rates: null,
    expected: { cleared_sum: '0.0000', base: '0.0000', user: '0.0000', service: '0.0000' },
  },
  {
    guarantee: 'a cancelled invoice needs no answer of the URL',
    status: 'cancelled',
    lines: ride,
    rates: ['user 0.1'],
    config: { service_cashback: 'url' },
    expected: { cleared_sum: '0.0000', base: '0.0000', user: '0.0000', service: '0.0000' },
  },
  {
    guarantee: 'a cancelled invoice gives nothing even when the URL says otherwise',
    status: 'cancelled',
    lines: ride,
    rates: ['user 0.1'],
    config: { service_cashback: 'url' },
    url: 'url 5',
    expected: { user: '0.0000', service: '0.0000' },
  },
  {
    guarantee: 'a full refund ends at exactly zero',
    lines: ['card ride 0', 'card toll 0.0000'],
    rates: ['user 0.333333', 'service 1'],
    config: { rounding: 'half_up', rounding_step: 10_000n },
    expected: { cleared_sum: '0.0000', base: '0.0000', user: '0.0000', service: '0.0000' },
  },
  {
    guarantee: 'a full refund takes back a kept value too',
    lines: [],
    rates: ['user 0.1'],
    config: { service_cashback: 'url' },
    url: 'kept 5',
    expected: { user: '0.0000', service: '0.0000' },
  },
  {
    guarantee: 'a value is rounded down by "down"',
    lines: ['card ride 0.99'],
    rates: ['user 0.5'],
    config: { rounding: 'down' },
    expected: { user: '0.4900', service: '0.0000' },
  },
  {
    guarantee: 'a tie is rounded up by "half_up"',
    lines: ['card ride 0.97'],
    rates: ['user 0.5'],
    config: { rounding: 'half_up' },
    expected: { user: '0.4900', service: '0.0000' },
  },
  {
    guarantee: 'a tie is rounded to the even step by "half_even"',
    lines: ['card ride 0.97'],
    rates: ['user 0.5'],
    config: { rounding: 'half_even' },
    expected: { user: '0.4800', service: '0.0000' },
  },
  {
    guarantee: 'a currency without cents is rounded to whole units',
    lines: ['card ride 1234'],
    rates: ['user 0.05'],
    config: { rounding_step: 10_000n },
    expected: { user: '62.0000', service: '0.0000' },
  },
  {
    guarantee: 'a source gives at most its max_value',
    lines: ride,
    rates: ['user 0.1 3.5', 'service 0.05 5'],
    expected: { user: '3.5000', service: '5.0000' },
  },
  {
    guarantee: 'a max_value between two steps is rounded down to the lower one',
    lines: ride,
    rates: ['user 0.1 3.5678'],
    expected: { user: '3.5600', service: '0.0000' },
  },
  {
    guarantee: 'all sources together give at most max_share, each its part',
    lines: ride,
    rates: ['user 0.2', 'service 0.1'],
    config: { max_share: parseRate('0.15') },
    expected: { user: '10.0000', service: '5.0000' },
  },
  {
    guarantee: 'the remaining step of max_share goes to the largest remainder, so that nothing is lost',
    lines: ['card ride 1'],
    rates: ['user 0.5', 'service 0.25'],
    config: { max_share: half },
    expected: { user: '0.3300', service: '0.1700' },
  },
  {
    guarantee: 'max_share is never exceeded by rounding',
    lines: ['card ride 0.01'],
    rates: ['user 0.5', 'service 0.5'],
    expected: { user: '0.0100', service: '0.0000' },
  },
  {
    guarantee: 'max_share zero gives nothing',
    lines: ride,
    rates: ['user 0.5', 'service 0.5'],
    config: { max_share: 0n },
    expected: { user: '0.0000', service: '0.0000' },
  },
  {
    guarantee: 'max_value is applied before max_share',
    lines: ride,
    rates: ['user 1 10', 'service 0.1'],
    config: { max_share: parseRate('0.1') },
    expected: { user: '5.0000', service: '5.0000' },
  },
  {
    guarantee: 'the answer of the service URL replaces the rate',
    lines: ride,
    rates: ['user 0.1', 'service 0.05'],
    config: { service_cashback: 'url' },
    url: 'url 7.5',
    expected: { user: '10.0000', service: '7.5000' },
  },
  {
    guarantee: 'the answer of the service URL needs no rate of the source service',
    lines: ride,
    rates: ['user 0.1'],
    config: { service_cashback: 'url' },
    url: 'url 7.5',
    expected: { user: '10.0000', service: '7.5000' },
  },
  {
    guarantee: 'the answer of the service URL is rounded like any value',
    lines: ride,
    rates: [],
    config: { service_cashback: 'url', rounding: 'half_even' },
    url: 'url 7.5050',
    expected: { user: '0.0000', service: '7.5000' },
  },
  {
    guarantee: "the answer of the service URL is capped by its rate's max_value",
    lines: ride,
    rates: ['service 0.05 6'],
    config: { service_cashback: 'url' },
    url: 'url 7.5',
    expected: { user: '0.0000', service: '6.0000' },
  },
  {
    guarantee: 'the answer of the service URL is capped by max_share',
    lines: ride,
    rates: ['user 0.1'],
    config: { service_cashback: 'url', max_share: parseRate('0.2') },
    url: 'url 30',
    expected: { user: '5.0000', service: '15.0000' },
  },
  {
    guarantee: 'a kept value stays unchanged',
    lines: ride,
    rates: ['user 0.1', 'service 0.05'],
    config: { service_cashback: 'url' },
    url: 'kept 4.2',
    expected: { user: '10.0000', service: '4.2000' },
  },
  {
    guarantee: 'a service that follows the rates ignores an answer of the URL',
    lines: ride,
    rates: ['user 0.1', 'service 0.05'],
    url: 'url 7.5',
    expected: { user: '10.0000', service: '5.0000' },
  },
  {
    guarantee: 'the largest amount is exact to the last place',
    lines: ['card ride 999999999999.9999'],
    rates: ['user 0.999999'],
    config: { rounding: 'down', rounding_step: 1n },
    expected: {
      cleared_sum: '999999999999.9999',
      base: '999999999999.9999',
      user: '999998999999.9999',
      service: '0.0000',
    },
  },
];

describe('calculateCashback', () => {
  test.each(cases)('$guarantee', ({ expected, ...given }) => {
    const { user, service, ...sums } = expected;
    const { target, cleared_sum, base } = calculated(inputOf(given));
    expect(target).toEqual({ user: parseAmount(user), service: parseAmount(service) });
    expect({ cleared_sum: formatAmount(cleared_sum), base: formatAmount(base) }).toMatchObject(sums);
  });

  const waiting: [guarantee: string, lines: string[]][] = [
    ['a cleared invoice without rates waits for them, and is never zero', ride],
    ['an empty cleared invoice waits for its rates too', []],
  ];
  test.each(waiting)('%s', (_guarantee, lines) => {
    expect(calculateCashback(inputOf({ lines, rates: null }))).toEqual({ outcome: 'rates_missing' });
  });

  test('refuses a missing answer of the service URL instead of guessing it', () => {
    const input = inputOf({ lines: ride, rates: ['user 0.1'], config: { service_cashback: 'url' } });
    expect(() => calculateCashback(input)).toThrow(/expected the answer of the service's URL/);
  });

  test('refuses captured items above the largest amount', () => {
    const lines = ['card ride 999999999999.9999', 'card toll 0.0001'];
    expect(() => calculateCashback(inputOf({ lines }))).toThrow(
      /999999999999\.9999 together, got 1000000000000\.0000/,
    );
  });

  test('refuses an item with a malformed amount', () => {
    expect(() => calculateCashback(inputOf({ lines: ['card ride 1e3'] }))).toThrow(RangeError);
  });
});

describe('clearedSums', () => {
  test('gives the captured sum and the earning base, and zeros for a held invoice', () => {
    const invoice = inputOf({ lines: ['card ride 60', 'card tip 30', 'cash ride 10'] }).invoice;
    expect(clearedSums(invoice, configOf())).toEqual({ cleared_sum: 1_000_000n, base: 600_000n });
    expect(clearedSums({ ...invoice, status: 'held' }, configOf())).toEqual({ cleared_sum: 0n, base: 0n });
  });
});

function inputOf({
  lines = ride,
  status = 'cleared',
  rates = [],
  config,
  url,
}: Omit<Case, 'guarantee' | 'expected'>): CalculationInput {
  const [origin, value = ''] = url?.split(' ') ?? [];
  return {
    invoice: invoiceOf({ status, payments: lines.map(paymentOf) }),
    rates: rates?.map(rateOf) ?? null,
    config: configOf(config),
    config_hash: 'hash',
    service_cashback: origin === 'url' || origin === 'kept' ? { origin, value: parseAmount(value) } : null,
  };
}

function paymentOf(line: string): Payment {
  const [payment_type = '', item_id = '', amount = ''] = line.split(' ');
  return { payment_type, items: [{ item_id, amount }] };
}

function rateOf(text: string) {
  const [source = '', rate = '', max_value] = text.split(' ');
  const cap = max_value === undefined ? {} : { max_value: parseAmount(max_value) };
  return { source: source as Source, rate: parseRate(rate), ...cap };
}
