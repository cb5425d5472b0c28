import { type ServiceConfig, type SourceRate, serviceConfigOf } from '@cashback/core';
import type { OrderRates } from '@cashback/contract';
import { parseAmount } from '@cashback/contract/amount';
import { parseRate } from '@cashback/contract/rate';
import type { BreakerBounds } from '@cashback/server/decisions';
import type { Choices } from './engine/choices.ts';

/** `green` has a URL that says what it gives, `yellow` goes by rates. */
export const SERVICES: Readonly<Record<string, ServiceConfig>> = {
  yellow: serviceConfigOf(entry()),
  green: serviceConfigOf(entry('http://green.test/cashback')),
};

/** The rates of every order. */
export function ratesOf(order_id: string, service: string): OrderRates {
  return { order_id, service, rates: [...FROZEN] };
}

const FROZEN = [
  { source: 'user', rate: '0.05' },
  { source: 'service', rate: '0.02' },
] as const;
export const RATES: readonly SourceRate[] = FROZEN.map(({ source, rate }) => ({
  source,
  rate: parseRate(rate),
}));

function entry(url?: string) {
  return {
    earning_payment_types: ['card'],
    excluded_items: [],
    rounding: 'half_up' as const,
    rounding_step: '0.01',
    max_share: '0.3',
    url_timeout_ms: 1_000,
    ...(url !== undefined && { url }),
  };
}

/** What the URL of `green` answers. */
export function shopCashback(base: bigint): bigint {
  return (base * 3n) / 100n;
}

/** Bounds of the breaker: none, one that two orders reach together, and one that a single order exceeds. */
const MAX_GROWTHS = [null, null, '10', '4'];
const WINDOWS_S = [20, 3_600];

export function chooseBounds(choices: Choices): BreakerBounds {
  const max_growth = MAX_GROWTHS[choices.below(MAX_GROWTHS.length)] ?? null;
  if (max_growth === null) return {};
  const window_s = WINDOWS_S[choices.below(WINDOWS_S.length)] ?? 0;
  const bound = { window_s, max_growth: parseAmount(max_growth) };
  return { yellow: bound, green: bound };
}
