import { type SourceRate, serviceConfigOf } from '@cashback/core';
import type { OrderRates } from '@cashback/contract';
import { parseRate } from '@cashback/contract/rate';
import type { ServiceConfig } from '@cashback/core';

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
