import { cashbackServices } from '@cashback/wire';
import { expect, test } from 'vitest';
import { ROUNDINGS } from '../src/rounding.ts';
import { serviceConfigOf } from '../src/service-config.ts';

const entry = {
  earning_payment_types: ['card'],
  excluded_items: ['tip'],
  rounding: 'half_even' as const,
  rounding_step: '0.01',
  max_share: '0.3',
  url_timeout_ms: 2_000,
};

test('a service without a URL follows the rates, one with a URL its answer', () => {
  expect(serviceConfigOf(entry)).toEqual({
    earning_payment_types: ['card'],
    excluded_items: ['tip'],
    rounding: 'half_even',
    rounding_step: 100n,
    max_share: 300_000n,
    service_cashback: 'rate',
  });
  expect(serviceConfigOf({ ...entry, url: 'https://yellow.test/cashback' }).service_cashback).toBe('url');
});

test.each(ROUNDINGS)('the rounding "%s" can be named in CASHBACK_SERVICES', (rounding) => {
  expect(cashbackServices.parse({ yellow: { ...entry, rounding } })).toHaveProperty(
    'yellow.rounding',
    rounding,
  );
});
