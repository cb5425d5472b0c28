import type { ServiceConfig, SourceRate } from '@cashback/core';

/** `green` has a URL that says what it gives, `yellow` goes by rates. */
export const SERVICES: Readonly<Record<string, ServiceConfig>> = {
  yellow: serviceConfig('rate'),
  green: serviceConfig('url'),
};
export const RATES: readonly SourceRate[] = [
  { source: 'user', rate: 50_000n },
  { source: 'service', rate: 20_000n },
];

function serviceConfig(service_cashback: ServiceConfig['service_cashback']): ServiceConfig {
  return {
    earning_payment_types: ['card'],
    excluded_items: [],
    rounding: 'half_up',
    rounding_step: 100n,
    max_share: 300_000n,
    service_cashback,
  };
}

/** What the URL of `green` answers. */
export function shopCashback(base: bigint): bigint {
  return (base * 3n) / 100n;
}
