import type { ServiceConfig } from '@cashback/core';
import { describe, expect, it } from 'vitest';
import { hashConfig } from '../src/services/config-hash.ts';

const config: ServiceConfig = {
  earning_payment_types: ['card', 'wallet'],
  excluded_items: ['tip', 'tolls'],
  rounding: 'half_even',
  rounding_step: 100n,
  max_share: 1_000_000n,
  service_cashback: 'rate',
};

describe('the hash of a config', () => {
  it('is the same however the same config is written', () => {
    const written = {
      ...config,
      earning_payment_types: ['wallet', 'card'],
      excluded_items: ['tolls', 'tip', 'tip'],
    };
    expect(hashConfig(written, null)).toBe(hashConfig(config, null));
    expect(hashConfig(config, null)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('differs for every part that differs', () => {
    const hashes = [
      hashConfig(config, null),
      hashConfig({ ...config, earning_payment_types: ['card'] }, null),
      hashConfig({ ...config, excluded_items: [] }, null),
      hashConfig({ ...config, excluded_items: ['tip,tolls'] }, null),
      hashConfig({ ...config, rounding: 'down' }, null),
      hashConfig({ ...config, rounding_step: 1n }, null),
      hashConfig({ ...config, max_share: 1n }, null),
      hashConfig({ ...config, service_cashback: 'url' }, 'https://shop.example/cashback'),
      hashConfig({ ...config, service_cashback: 'url' }, 'https://shop.example/other'),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
