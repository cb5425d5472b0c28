import { createHash } from 'node:crypto';
import { formatAmount, formatRate } from '@cashback/contract';
import type { ServiceConfig } from '@cashback/core';

/**
 * Names what a calculation was made with: equal for configs that mean the same, however they are written, and
 * different for all others. SHA-256 in hex.
 */
export function hashConfig(config: ServiceConfig, url: string | null): string {
  const canonical = [
    ['earning_payment_types', canonicalNames(config.earning_payment_types)],
    ['excluded_items', canonicalNames(config.excluded_items)],
    ['rounding', config.rounding],
    ['rounding_step', formatAmount(config.rounding_step)],
    ['max_share', formatRate(config.max_share)],
    ['url', url],
  ];
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}

/** Neither their order nor a repetition changes what they mean. */
function canonicalNames(names: readonly string[]): string[] {
  return [...new Set(names)].toSorted();
}
